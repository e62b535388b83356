/// The output of `--print-settings`.
package enum SettingsText {
    /// Every effective setting with its source, as an equivalent settings file; settings that are not set are comments.
    /// No setting contains a secret (they name files), so nothing is masked.
    package static func render(_ settings: EffectiveSettings) -> String {
        let lines = SettingsTable.all.map { setting in
            let text = setting.write(settings.values)
            let value = text.isEmpty ? "# \(setting.key): not set" : "\(setting.key): \(scalar(text))"
            return (value: value, origin: note(setting, settings, isSet: !text.isEmpty))
        }
        let width = lines.map(\.value.count).max() ?? 0
        return lines.map { line in
            guard let origin = line.origin else { return line.value }
            return line.value + String(repeating: " ", count: width - line.value.count) + "  # " + origin
        }.joined(separator: "\n") + "\n"
    }

    private static func note(_ setting: Setting, _ settings: EffectiveSettings, isSet: Bool) -> String? {
        if let note = setting.defaultNote, !isSet { return note }
        return isSet ? settings.origin(of: setting.key).description : nil
    }

    /// Plain if YAML reads it as this text, otherwise quoted with JSON's escapes.
    private static func scalar(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: ":"): true
            default: false
            }
        }
        if plain, !text.hasPrefix(":"), !text.hasSuffix(":") { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// `docs/reference/settings.md`, generated from the table.
package enum SettingsPage {
    /// The whole page as Markdown.
    package static var markdown: String {
        ([introduction] + SettingGroup.allCases.map(section) + [development]).joined(separator: "\n\n") + "\n"
    }

    private static let introduction = """
        # Settings

        <!-- Made from the table in Sources/SluiceGateway/Settings/SettingsTable.swift by `make docs`; do not edit. -->

        Each setting has one name in three forms: the key `zizq.url` in the settings file, the variable \
        `SLUICE_ZIZQ_URL`, and
        the option `--zizq-url` of `sluice serve` and `sluice dev`. The command line overrides the environment, the \
        environment
        overrides the file, and the file overrides the default.

        `--config PATH` names the settings file; without it, `sluice.yaml` in the working directory is read if it \
        exists. In the
        file, `zizq.url: …` and `zizq: { url: … }` are equivalent, and a list may be written as a YAML list. \
        Unknown keys and values
        out of range are errors with a location; the gateway then does not start (exit status 1). A variable \
        `SLUICE_…` that is not
        a setting is a warning, unless a route file uses it or Kubernetes created it for a Service named `sluice`.

        Durations are a number and a unit: `500ms`, `30s`, `5m`, `2h`, `7d`. Sizes are in powers of 1024: `64KiB`, \
        `10MiB`, `1GiB`.

        `sluice serve --print-settings` prints the effective value and the source of each setting, in the format of a \
        settings file.
        No setting contains a secret: keys, tokens and passwords are in files that settings name, or in variables \
        that route files
        name.
        """

    private static func section(_ group: SettingGroup) -> String {
        let rows = SettingsTable.all.filter { $0.group == group }.map(row)
        return "## \(group.rawValue)\n\n| key | default | range or format | meaning |\n|---|---|---|---|\n"
            + rows.joined(separator: "\n")
    }

    private static func row(_ setting: Setting) -> String {
        let value = setting.write(Settings())
        let shown = setting.defaultNote ?? (value.isEmpty ? "not set" : "`\(value)`")
        return "| `\(setting.key)` | \(shown) | \(setting.range) | \(setting.meaning) |"
    }

    private static var development: String {
        let rows = SettingsTable.all.compactMap { setting -> String? in
            let value = setting.write(.development)
            return value == setting.write(Settings()) ? nil : "| `\(setting.key)` | `\(value)` |"
        }
        return """
            ## Defaults of `sluice dev`

            The same settings, with these defaults instead:

            | key | default |
            |---|---|
            \(rows.joined(separator: "\n"))

            If `zizq.url` is not set, jobs go to the development queue that the command starts. Without \
            `--licensed`, which lets
            that queue accept unique keys, `zizq.unique_keys` is then `never`.
            """
    }
}
