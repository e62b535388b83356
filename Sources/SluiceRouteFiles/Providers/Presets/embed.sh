# embed.sh OUTPUT PRESET.yaml…: writes a Swift file with the text of each preset, by name.
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
    echo '}'
} >"$output"
