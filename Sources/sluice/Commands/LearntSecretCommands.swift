internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceRoutes

extension ProvidersCommand {
    /// `sluice providers arm`
    struct Arm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "arm",
            abstract: "Lets a route of the running gateway learn one secret from a handshake.",
            usage: "sluice providers arm <route> [--config <file>] [<settings> ...]",
            discussion: """
                For providers that generate the secret and send it in a handshake, such as Asana and Notion: \
                run this command, then create the webhook at the provider. The route accepts one secret within 10 \
                minutes; the first handshake with a secret ends this time. Until then, anyone who can send to the \
                route could send another secret, so compare it afterwards: sluice providers secret <route>
                """)

        @OptionGroup var options: SettingsOptions
        private var route = ""

        private enum CodingKeys: String, CodingKey { case options }

        mutating func validate() throws { route = try options.takeRoute() }

        func run() async throws {
            let armed: ControlDocuments.Armed = try await Console.ask(.armRoute(route), options)
            guard let until = armed.until else { throw StartupError(.wrongInput, armed.problem ?? "") }
            let time = TimestampText.format(milliseconds: until)
            Terminal.say("the route '\(PrintableText.escape(route))' learns the next secret until \(time)")
        }
    }

    /// `sluice providers secret`
    struct Secret: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "secret",
            abstract: "Prints the secrets that a route has learnt from handshakes, newest first.",
            usage: "sluice providers secret <route> [--forget] [--config <file>] [<settings> ...]",
            discussion: "Reads the outbox, through the gateway if it runs. The output is secret.")

        @Flag(name: .long, help: "Forget the secrets instead of printing them.") var forget = false
        @OptionGroup var options: SettingsOptions
        private var route = ""

        private enum CodingKeys: String, CodingKey { case forget, options }

        mutating func validate() throws { route = try options.takeRoute() }

        func run() async throws {
            guard forget else {
                let learnt: ControlDocuments.LearntSecrets = try await ask(.learntSecrets(route))
                for secret in learnt.secrets { Terminal.say(PrintableText.escape(secret, limit: .max)) }
                return
            }
            let forgotten: ControlDocuments.ForgottenSecrets = try await ask(.forgetLearntSecrets(route))
            let count = TraceWords.count(forgotten.secrets, "secret")
            Terminal.say("forgot \(count) of '\(PrintableText.escape(route))'")
        }

        private func ask<Document: Decodable>(_ request: ControlRequest) async throws -> Document {
            if let document: Document = try await Console.find(request, options) { return document }
            let nothing = "the route '\(PrintableText.escape(route))' has learnt no secret"
            try await Console.requireRoute(route, among: nil, saying: nothing, options)
            throw StartupError(.wrongInput, nothing)
        }
    }
}

extension SettingsOptions {
    fileprivate mutating func takeRoute() throws -> String {
        try Console.word(&self, orSay: "name the route, as in 'sluice routes'")
    }
}
