package import SluiceBase

/// One setting from the command line.
package struct SettingsOption: Sendable {
    package let setting: Setting
    package let value: String

    /// Parses `--zizq-url URL` and `--zizq-url=URL` for every setting of the table; the last of two for one setting
    /// counts.
    ///
    /// - Parameter arguments: the rest of the command line without the command's own flags.
    /// - Throws: `ExitStatus.usage` for anything that is not an option of a setting, with a suggestion, and for one
    ///   without a value.
    package static func parse(_ arguments: [String]) throws(StartupError) -> [SettingsOption] {
        var options: [SettingsOption] = []
        var index = arguments.startIndex
        while index < arguments.endIndex {
            let argument = arguments[index]
            index += 1
            let name = String(argument.prefix { $0 != "=" })
            guard let setting = byOption[name] else { throw unknown(name) }
            if name.count < argument.count {
                options.append(SettingsOption(setting: setting, value: String(argument.dropFirst(name.count + 1))))
            } else {
                guard index < arguments.endIndex else {
                    throw StartupError(.usage, "\(name) needs a value: \(name) \(setting.placeholder)")
                }
                options.append(SettingsOption(setting: setting, value: arguments[index]))
                index += 1
            }
        }
        return options
    }

    /// Splits the arguments of a command with settings and positional arguments: the options of settings with their
    /// values, and everything else that does not start with a dash or comes after `--`.
    package static func split(_ arguments: [String]) -> (options: [String], words: [String]) {
        var options: [String] = []
        var words: [String] = []
        var isValue = false
        for (index, argument) in arguments.enumerated() {
            if !isValue, argument == "--" { return (options, words + arguments[(index + 1)...]) }
            if isValue || argument.hasPrefix("-") && argument != "-" {
                options.append(argument)
            } else {
                words.append(argument)
            }
            isValue = !isValue && byOption[argument] != nil
        }
        return (options, words)
    }

    private static let byOption = Dictionary(uniqueKeysWithValues: SettingsTable.all.map { ($0.option, $0) })

    private static func unknown(_ name: String) -> StartupError {
        let shown = PrintableText.escape(name, limit: 80)
        guard name.hasPrefix("-") else { return StartupError(.usage, "unexpected argument '\(shown)'") }
        return StartupError(.usage, "unknown option '\(shown)'\(Suggestion.phrase(for: name, among: byOption.keys))")
    }

    /// One paragraph per group: option, placeholder, meaning and default of each setting, for a command's `--help`.
    package static func help(defaults: Settings) -> String {
        SettingGroup.allCases.map { group in
            let lines = SettingsTable.all.filter { $0.group == group }.map { setting in
                let value = setting.defaultNote ?? setting.write(defaults)
                let note = value.isEmpty ? "" : " (default: \(value))"
                return
                    "  \(setting.option) \(setting.placeholder)\n      "
                    + "\(setting.meaning.replacing("`", with: ""))\(note)"
            }
            return "\(group.rawValue.uppercased()):\n" + lines.joined(separator: "\n")
        }.joined(separator: "\n\n")
    }
}
