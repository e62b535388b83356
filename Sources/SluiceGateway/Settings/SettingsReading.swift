internal import SluiceBase
internal import SluiceRelay

/// The source of a setting's value.
package enum SettingOrigin: Sendable, Hashable {
    case byDefault
    /// In the settings file; line and column count from 1.
    case file(path: String, line: Int, column: Int)
    case variable(String)
    case option(String)
}

extension SettingOrigin: CustomStringConvertible {
    /// For the start of an error message and after a printed value.
    package var description: String {
        switch self {
        case .byDefault: "default"
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .variable(let name), .option(let name): name
        }
    }
}

/// The effective settings and the source of each.
package struct EffectiveSettings: Sendable, Equatable {
    package var values: Settings
    /// By key; a setting that is not included has its default.
    package var origins: [String: SettingOrigin] = [:]

    /// Where the value of a setting comes from.
    package func origin(of key: String) -> SettingOrigin { origins[key] ?? .byDefault }
}

/// All problems of the settings, in the order in which they were found.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Each is a line with the location, the problem and what to do.
    package let lines: [String]

    package init(lines: [String]) { self.lines = lines }

    package var description: String { lines.joined(separator: "\n") }
}

/// Combines the sources of settings: the command line overrides the environment, which overrides the file, which
/// overrides the defaults.
package struct SettingsReading {
    private var result: EffectiveSettings
    private var problems: [String] = []

    private init(defaults: Settings) { result = EffectiveSettings(values: defaults) }

    /// Reads all sources and checks the result.
    ///
    /// - Parameters:
    ///   - defaults: `Settings()` for `sluice serve`, `Settings.development` for `sluice dev`.
    ///   - file: the entries of the settings file, if it exists.
    ///   - environment: all variables of the process; those that are not settings are ignored.
    ///   - options: the options of the command line.
    ///   - checksRules: whether to check the rules between settings. A command that only queries a running gateway
    ///     needs an address or a path, and no certificate.
    /// - Throws: every problem of every source, not only the first.
    package static func read(
        defaults: Settings, file: SettingsFile?, environment: [String: String], options: [SettingsOption],
        checksRules: Bool = true
    ) throws(SettingsError) -> EffectiveSettings {
        var reading = SettingsReading(defaults: defaults)
        if let file { reading.apply(file) }
        reading.apply(environment)
        reading.apply(options)
        if reading.problems.isEmpty, checksRules { reading.problems = reading.result.crossFieldProblems }
        guard reading.problems.isEmpty else { throw SettingsError(lines: reading.problems) }
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

/// Variables that look like settings but are not.
package enum SettingsEnvironment {
    /// One warning for each variable `SLUICE_…` that is not a setting, in alphabetical order.
    ///
    /// - Parameters:
    ///   - environment: all variables of the process.
    ///   - routeVariables: the names in `env:` of the routes, which may also start with `SLUICE_`.
    package static func warnings(for environment: [String: String], routeVariables: Set<String>) -> [String] {
        environment.keys.sorted().compactMap { name in
            guard name.hasPrefix("SLUICE_"), !settings.contains(name), !routeVariables.contains(name),
                !isInjectedByKubernetes(name)
            else {
                return nil
            }
            let suggestion = Suggestion.phrase(for: name, among: settings)
            return
                "\(PrintableText.escape(name, limit: 80)): ignored, because no setting has this variable\(suggestion)"
        }
    }

    private static let settings = Set(SettingsTable.all.map(\.variable))

    /// Kubernetes gives each container variables about every Service of its namespace: for one named `sluice` these are
    /// `SLUICE_SERVICE_HOST`, `SLUICE_SERVICE_PORT…` and `SLUICE_PORT…`.
    private static func isInjectedByKubernetes(_ name: String) -> Bool {
        name == "SLUICE_PORT" || name.hasPrefix("SLUICE_PORT_") || name.hasPrefix("SLUICE_SERVICE_")
    }
}

extension EffectiveSettings {
    /// Sends jobs to the development queue of `sluice dev`.
    ///
    /// - Parameters:
    ///   - port: of the queue on this machine.
    ///   - isLicensed: whether it accepts unique keys. If not, they are left out from the start, unless
    ///     `zizq.unique_keys` is set: the alarm about a licence would confuse a new user.
    package mutating func useDevelopmentQueue(port: UInt16, isLicensed: Bool) {
        values.zizq.url = ServerURL(scheme: .http, host: "127.0.0.1", port: port)
        if !isLicensed, origin(of: "zizq.unique_keys") == .byDefault { values.zizq.uniqueKeys = .never }
    }
}
