/// What `--print-settings` prints.
package enum SettingsText {
    /// Every setting in force with where it came from, as a settings file that means the same: what is not set stands
    /// as a comment. No setting holds a secret itself (they name files), so nothing has to be masked.
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

    /// Plain where YAML has no other idea of the text, quoted with JSON's escapes elsewhere.
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

/// `docs/reference/settings.md`, made from the table so that the two cannot differ.
package enum SettingsPage {
    /// The whole page as Markdown.
    package static var markdown: String {
        ([introduction] + SettingGroup.allCases.map(section) + [development]).joined(separator: "\n\n") + "\n"
    }

    private static let introduction = """
        # Settings

        <!-- Made from the table in Sources/SluiceGateway/Settings/SettingsTable.swift by `make docs`; do not edit. -->

        Each setting has one name in three spellings. The key `zizq.url` stands in the settings file, \
        `SLUICE_ZIZQ_URL` in the
        environment, and `--zizq-url` on the command line of `sluice serve` and `sluice dev`. The command line goes \
        before the
        environment, the environment before the file, and the file before the default.

        The file is the one that `--config PATH` names, else `sluice.yaml` in the working folder where there is one. \
        In it
        `zizq.url: …` and `zizq: { url: … }` mean the same, and a list may be written as one. An unknown key and a \
        value out of
        range are errors that say where they stand; the gateway then does not start (exit status 1). A variable \
        `SLUICE_…` that is
        no setting is a warning, unless a route file uses it or Kubernetes made it for a Service named `sluice`.

        Durations are a number and a unit: `500ms`, `30s`, `5m`, `2h`, `7d`. Sizes are in powers of 1024: `64KiB`, \
        `10MiB`, `1GiB`.

        `sluice serve --print-settings` prints what is in force and where each value came from, in the form of a \
        settings file. No
        setting holds a secret itself: keys, tokens and passwords are in files that settings name, or in variables \
        that route files name.
        """

    private static func section(_ group: SettingGroup) -> String {
        let rows = SettingsTable.all.filter { $0.group == group }.map(row)
        return "## \(group.rawValue)\n\n| key | default | range or form | meaning |\n|---|---|---|---|\n"
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

            As long as `zizq.url` is not set, jobs go to the development queue that the command starts; without \
            `--licensed`, which lets
            that queue take unique keys, `zizq.unique_keys` is then `never`.
            """
    }
}
