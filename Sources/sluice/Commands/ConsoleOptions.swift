internal import ArgumentParser
internal import SluiceGateway

/// What every command that asks the outbox about something takes: where it is, and in which form to print.
struct ConsoleOptions: ParsableArguments {
    @Flag(name: .long, help: "Print JSON.") var json = false
    @OptionGroup var settings: SettingsOptions

    /// Asks, and prints the answer: as it came, or line by line.
    func show<Document: Decodable>(
        _ request: ControlRequest, _ type: Document.Type, _ lines: (Document) -> [String]
    ) async throws {
        let bytes = try await Console.ask(request, settings)
        if json { return Terminal.say(String(decoding: bytes, as: UTF8.self)) }
        for line in lines(try ControlCoding.decode(type, bytes)) { Terminal.say(line) }
    }
}

/// Which stretch of a list a command shows.
struct ListStretch: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Begin behind this one.", valueName: "number")) var after: Int64 = 0
    @Option(name: .long, help: ArgumentHelp("At most so many, 1 to 500.", valueName: "count")) var limit = 50

    func validate() throws {
        guard (1...500).contains(limit) else { throw ValidationError("--limit must be between 1 and 500") }
    }
}
