# embed.sh OUTPUT PRESET.yaml…: writes a Swift file with the text of each preset, by name, and the names by alias.
set -eu
output=$1
shift
{
    echo '// Generated from the presets by embed.sh. Do not edit.'
    echo 'enum PresetTexts {'
    printf '    static let names: [String] = ['
    for preset in "$@"; do printf '"%s", ' "$(basename "$preset" .yaml)"; done
    echo ']'
    echo '    static func text(of name: String) -> StaticString? {'
    echo '        switch name {'
    for preset in "$@"; do
        printf '        case "%s": ###"""\n' "$(basename "$preset" .yaml)"
        cat "$preset"
        echo '"""###'
    done
    echo '        default: nil'
    echo '        }'
    echo '    }'
    echo '    static func name(ofAlias alias: String) -> String? {'
    echo '        switch alias {'
    for preset in "$@"; do
        sed -n 's/^aliases: \[\(.*\)\]$/\1/p' "$preset" | tr ',' '\n' | while read -r alias; do
            printf '        case "%s": "%s"\n' "$alias" "$(basename "$preset" .yaml)"
        done
    done
    echo '        default: nil'
    echo '        }'
    echo '    }'
    echo '}'
} >"$output"
