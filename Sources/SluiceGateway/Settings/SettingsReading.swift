internal import SluiceBase

/// Where the value of a setting came from.
package enum SettingOrigin: Sendable, Hashable {
    case byDefault
    /// In the settings file; line and column count from 1.
    case file(path: String, line: Int, column: Int)
    case variable(String)
    case option(String)
}

extension SettingOrigin: CustomStringConvertible {
    /// At the head of an error message and behind a printed value.
    package var description: String {
        switch self {
        case .byDefault: "default"
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .variable(let name), .option(let name): name
        }
    }
}

/// The effective settings and the source of each.
package struct SettingsInForce: Sendable, Equatable {
    package var values: Settings
    /// By key; a setting that is not in here has its default.
    package var origins: [String: SettingOrigin] = [:]

    package func origin(of key: String) -> SettingOrigin { origins[key] ?? .byDefault }
}

/// Everything that is wrong with the settings, in the order in which it was found.
package struct SettingsProblems: Error, Sendable, Equatable, CustomStringConvertible {
    /// Each a line that says where it stands, what is wrong and what to do.
    package let lines: [String]

    package init(lines: [String]) { self.lines = lines }

    package var description: String { lines.joined(separator: "\n") }
}

/// Puts the settings together: the command line goes before the environment, that before the file, that before the
/// defaults.
package struct SettingsReading {
    private var result: SettingsInForce
    private var problems: [String] = []

    private init(defaults: Settings) { result = SettingsInForce(values: defaults) }

    /// Reads all sources and checks the result.
    ///
    /// - Parameters:
    ///   - defaults: `Settings()` for `sluice serve`, `Settings.development` for `sluice dev`.
    ///   - file: the entries of the settings file, where there is one.
    ///   - environment: all variables of the process; those that are no settings are passed over.
    ///   - options: what the command line said.
    ///   - checksRules: whether the rules between settings must hold. A command that only asks a running gateway needs
    ///     an
    ///     address or a path and no certificate.
    /// - Throws: every problem of every source, not just the first.
    package static func read(
        defaults: Settings, file: SettingsFile?, environment: [String: String], options: [SettingsOption],
        checksRules: Bool = true
    ) throws(SettingsProblems) -> SettingsInForce {
        var reading = SettingsReading(defaults: defaults)
        if let file { reading.apply(file) }
        reading.apply(environment)
        reading.apply(options)
        if reading.problems.isEmpty, checksRules { reading.problems = reading.result.crossFieldProblems }
        guard reading.problems.isEmpty else { throw SettingsProblems(lines: reading.problems) }
        return reading.result
    }

    private mutating func apply(_ file: SettingsFile) {
        problems += file.problems
        for entry in file.entries {
            guard let setting = SettingsTable.setting(entry.key) else { continue }
            set(setting, entry.value, from: .file(path: file.path, line: entry.line, column: entry.column))
        }
    }

    private mutating func apply(_ environment: [String: String]) {
        for setting in SettingsTable.all {
            guard let value = environment[setting.variable] else { continue }
            if value.isEmpty {
                problems.append("\(setting.variable): the variable is empty; set a value or unset it")
            } else {
                set(setting, value, from: .variable(setting.variable))
            }
        }
    }

    private mutating func apply(_ options: [SettingsOption]) {
        for option in options { set(option.setting, option.value, from: .option(option.setting.option)) }
    }

    private mutating func set(_ setting: Setting, _ text: String, from origin: SettingOrigin) {
        if setting.read(text, &result.values) {
            result.origins[setting.key] = origin
        } else {
            let shown = PrintableText.escape(ServerURL.withoutCredentials(text), limit: 80)
            problems.append("\(origin): \(setting.key) must be \(setting.requirement), not '\(shown)'")
        }
    }
}
