internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway

extension DeadCommand {
    /// `sluice dead export`
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes dead letters to standard output, one JSON object per line.",
            usage: """
                sluice dead export [<number> ...] [--route <name>] [--reason <reason>] [--config <file>] \
                [<settings> ...] > <file>
                """,
            discussion: """
                Without numbers, all dead letters of the route and reason. They stay in the outbox. The lines contain \
                payloads and requests. `sluice dead import` reads them, in this outbox or in another one.
                """)

        @OptionGroup var route: RouteChoice
        @Option(name: .long, help: ArgumentHelp("Only those with this reason.", valueName: "reason"))
        var reason: DeadLetterReason?
        @OptionGroup var options: SettingsOptions

        private var numbers: [Int64] = []

        private enum CodingKeys: String, CodingKey { case route, reason, options }

        mutating func validate() throws { numbers = try Console.numbers(&options, of: "a dead letter") }

        func run() async throws {
            try await Console.forEach(numbers, of: "dead letter", export)
            var after: Int64? = numbers.isEmpty ? 0 : nil
            var routes: Set<String> = []
            while let first = after {
                let page = try await DeadLetterSelection.letters(first, options)
                routes.formUnion(page.map(\.route))
                // One that was retried or discarded in the meantime is left out.
                for letter in page where isChosen(letter) { _ = try await export(letter.id) }
                after = page.last?.id
            }
            if let name = route.name, numbers.isEmpty { try await Console.requireRoute(name, among: routes, options) }
        }

        private func isChosen(_ letter: ControlDocuments.DeadLetter) -> Bool {
            (route.name ?? letter.route) == letter.route && (reason?.rawValue ?? letter.reason) == letter.reason
        }

        private func export(_ number: Int64) async throws -> Bool {
            let request = ControlRequest.exportDeadLetter(number)
            guard let line = try await ControlClient.find(request, try Console.settings(options)) else { return false }
            let letter = try ControlCoding.decode(ControlDocuments.ExportedDeadLetter.self, line)
            if letter.damaged == true {
                Terminal.complain(
                    "dead letter \(number): its contents are lost or differ from what was stored (wrong checksum); the "
                        + "exported line is marked as damaged and cannot be imported")
            }
            guard Terminal.say(json: line) else {
                throw StartupError(.unavailable, "cannot write dead letter \(number) to standard output")
            }
            return true
        }
    }

    /// `sluice dead import`
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads dead letters from a file that `sluice dead export` wrote.",
            usage: "sluice dead import <file> [--config <file>] [<settings> ...]",
            discussion: """
                They become dead letters, with the same unique keys: nothing is sent before you retry them. A dead \
                letter that is in the outbox already is not imported again. Lines that were changed or damaged are \
                refused. The file - is standard input.
                """)

        @OptionGroup var options: SettingsOptions

        private var file = ""

        private enum CodingKeys: String, CodingKey { case options }

        mutating func validate() throws {
            file = try Console.word(&options, orSay: "name the file, or - for standard input")
        }

        func run() async throws {
            var tally = Tally()
            defer {
                Terminal.say("\(tally.imported) imported, \(tally.present) already there, \(tally.refused) refused")
            }
            do {
                var lines = try FileLines(file, limit: Self.longestLine)
                while let line = try lines.next() {
                    tally.line = lines.number
                    try await importLine(line, &tally)
                }
            } catch let error as FileAccess.AccessError {
                throw StartupError(.wrongInput, "\(PrintableText.escape(file)): \(error)")
            }
            guard tally.refused > 0 else { return }
            let shown = tally.refused > Self.maximumReasons ? "; the first \(Self.maximumReasons) are shown" : ""
            throw StartupError(.wrongInput, "some lines were refused\(shown)")
        }

        private struct Tally {
            var (line, imported, present, refused) = (0, 0, 0, 0)
        }

        /// In bytes: a request with the largest `body_limit` in base64.
        private static let longestLine = 160 << 20

        /// The maximum number of printed reasons.
        private static let maximumReasons = 20

        private func importLine(_ line: [UInt8], _ tally: inout Tally) async throws {
            let result: ControlDocuments.Imported = try await Console.ask(.importDeadLetter(line), options)
            guard let letter = result.letter else {
                tally.refused += 1
                guard tally.refused <= Self.maximumReasons else { return }
                return Terminal.complain(
                    "line \(tally.line): \(PrintableText.escape(result.problem ?? "", limit: 1000))")
            }
            if result.wasThere { tally.present += 1 } else { tally.imported += 1 }
            let letterName = "line \(tally.line): dead letter \(letter)"
            if let holder = result.keyHolder {
                Terminal.complain(
                    "\(letterName) has the unique key of the delivery \(PrintableText.escape(holder)), which came "
                        + "later: if you retry it, there may be a second job")
            } else if result.isKeyForgotten == true {
                Terminal.complain(
                    "\(letterName) has a unique key that was forgotten: if you retry it, and the provider sends the "
                        + "webhook again, there will be two jobs")
            }
        }
    }
}
