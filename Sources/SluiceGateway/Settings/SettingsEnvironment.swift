internal import SluiceBase

/// Variables that look like settings and are none.
package enum SettingsEnvironment {
    /// One warning for each variable `SLUICE_…` that is no setting, in alphabetical order.
    ///
    /// - Parameters:
    ///   - environment: all variables of the process.
    ///   - routeVariables: names that an `env:` of a route uses; they may begin with `SLUICE_` too.
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
