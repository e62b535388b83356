/// What `--print-settings` prints.
package enum SettingsText {
    /// Every effective setting with its source, as a settings file that means the same: what is not set stands
    /// as a comment. No setting holds a secret itself (they name files), so nothing has to be masked.
    package static func render(_ settings: SettingsInForce) -> String {
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

    private static func note(_ setting: Setting, _ settings: SettingsInForce, isSet: Bool) -> String? {
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
