internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway

/// Asks the outbox of the settings.
enum Console {
    static func ask(_ request: ControlRequest, _ options: SettingsOptions) async throws -> [UInt8] {
        try await ControlClient.ask(request, try settings(options))
    }

    /// - Returns: nil where there is nothing of the kind.
    static func find(_ request: ControlRequest, _ options: SettingsOptions) async throws -> [UInt8]? {
        try await ControlClient.find(request, try settings(options))
    }

    private static func settings(_ options: SettingsOptions) throws -> Settings {
        try options.read(defaults: Settings(), environment: ProcessEnvironment.variables(), checksRules: false).values
    }

    /// The numbers among the free words of a command, which are taken out of its options.
    ///
    /// - Parameter what: whose numbers they are, such as `a job`.
    static func numbers(_ options: inout SettingsOptions, of what: String) throws -> [Int64] {
        let (rest, words) = SettingsOption.split(options.settings)
        options.settings = rest
        return try words.map { word in
            guard let number = Int64(word) else {
                throw ValidationError("'\(PrintableText.escape(word, limit: 80))' is not the number of \(what)")
            }
            return number
        }
    }

    static func noSuchNumber(_ number: Int64, _ what: String) -> FatalProblem {
        FatalProblem(.wrongInput, "there is no \(what) \(number)")
    }
}
