internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceOutbox
internal import SluiceRoutes

extension OutboxCommand {
    /// `sluice outbox backup`
    struct Backup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copies the outbox to a new file, with or without a running gateway.",
            usage: "sluice outbox backup <file> [--config <file>] [<settings> ...]",
            discussion: """
                The copy contains everything that was acknowledged before the command started. A running gateway \
                writes it, in short slices, and accepts webhooks meanwhile: its user must be able to create the file. \
                An \
                existing file is never replaced. The copy contains payloads and learnt secrets; only its owner can \
                read it. The exit status is 1 if the outbox is damaged; a copy of more than 256 MiB is not checked. To \
                restore it, see docs/operating/backup.md.
                """)

        @OptionGroup var options: SettingsOptions

        private var file = ""

        private enum CodingKeys: String, CodingKey { case options }

        mutating func validate() throws { file = try Console.word(&options, orSay: "name the file to create") }

        func run() async throws {
            let (path, folder) = try Self.target(file, ofOutbox: Console.settings(options).outbox.path)
            let backup: ControlDocuments.BackedUp = try await Console.ask(
                .backup(path: path, folder: folder), options)
            Terminal.say("\(PrintableText.escape(backup.path, limit: .max)): \(ConsoleText.size(backup.bytes))")
            if let damage = backup.damage {
                throw StartupError(
                    .wrongInput,
                    "the outbox, and so this copy of it, is damaged: \(damage). Stop the gateway and run sluice outbox "
                        + "salvage")
            }
        }

        /// The names next to an outbox that have a meaning, without that of the outbox.
        private static let ownSuffixes = [
            "-wal", "-shm", "-journal", "-wal.damaged-", ".damaged-", ".lock", ".reserve", ".salvage", ".sock",
        ]

        private static func target(
            _ file: String, ofOutbox outbox: String
        ) throws(StartupError) -> (path: String, folder: String) {
            let shown = PrintableText.escape(file, limit: .max)
            let path: String
            do throws(FileAccess.AccessError) { path = try FileAccess.absolute(file) } catch {
                throw StartupError(.wrongInput, "cannot create \(shown): \(error)")
            }
            let name = path.split(separator: "/").last ?? ""
            let own = outbox.split(separator: "/").last ?? ""
            guard !ownSuffixes.contains(where: { name.hasPrefix(own + $0) }) else {
                throw StartupError(.wrongInput, "\(shown) is a name that the outbox itself uses; choose another one")
            }
            guard (try? FileAccess.status(of: path)) == nil else {
                throw StartupError(.wrongInput, "\(shown) exists; a backup never replaces a file")
            }
            return (path, BackupFile.folderIdentity(of: path) ?? "")
        }
    }

    /// `sluice outbox replay`
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends delivered jobs again, as long as the outbox keeps them.",
            usage: "sluice outbox replay --since <time> [--until <time>] [--route <name>] [--yes] [<settings> ...]",
            discussion: """
                For a Zizq server that has lost jobs. Without --yes, only the number of jobs is printed. A time is a \
                moment, such as 2026-11-25T08:00:00Z, or how long ago, such as 2h; it is compared with the time at \
                which Zizq accepted the job. Jobs go to the end of the sending order with the same unique keys, so a \
                licensed Zizq server drops those that it still holds; otherwise they are queued twice. Copies that an \
                earlier replay sent are not sent in addition to their originals, and a job whose copy is still pending \
                or parked is left out.
                """)

        @Option(name: .long, help: ArgumentHelp("Jobs accepted by Zizq from this time on.", valueName: "time"))
        var since: String
        @Option(name: .long, help: ArgumentHelp("Jobs accepted until this time. Default: now.", valueName: "time"))
        var until: String?
        @OptionGroup var route: RouteChoice
        @Flag(name: .long, help: "Send the jobs again.") var yes = false
        @OptionGroup var options: SettingsOptions

        private var range = ReplayRange(delivered: 0...0, route: nil)

        private enum CodingKeys: String, CodingKey { case since, until, route, yes, options }

        mutating func validate() throws {
            let now = SystemTime().wallMilliseconds()
            let (first, last) = (
                try Self.time(since, of: "--since", now), try until.map { try Self.time($0, of: "--until", now) }
            )
            guard first <= last ?? now else { throw ValidationError("--since must be before --until") }
            range = ReplayRange(delivered: first...(last ?? now), route: route.name)
        }

        private static func time(_ text: String, of option: String, _ now: Int64) throws -> Int64 {
            if let time = TimestampText.parse(text) { return time }
            if let ago = DurationText.parse(text), ago.wholeMilliseconds <= now { return now - ago.wholeMilliseconds }
            throw ValidationError("\(option) must be a time such as 2026-11-25T08:00:00Z, or how long ago, such as 2h")
        }

        func run() async throws {
            let figures: ReplayFigures = try await Console.ask(.replayFigures(range), options)
            if let oldest = figures.oldestKeptAtMilliseconds, oldest > range.delivered.lowerBound {
                let time = TimestampText.format(milliseconds: oldest)
                Terminal.complain("the oldest job that is kept (outbox.keep_delivered) was delivered at \(time)")
            }
            if let name = route.name, figures.jobs == 0, figures.waitingCopies ?? 0 == 0 {
                try await Console.requireRoute(name, among: [], options)
            }
            let jobs = figures.jobs == 1 ? "1 delivered job" : "\(figures.jobs) delivered jobs"
            if let waiting = figures.waitingCopies, waiting > 0 {
                Terminal.complain(
                    "\(TraceWords.count(waiting, "job")) left out: an earlier replay has made copies, which are "
                        + "pending or parked")
            }
            if figures.jobs > 0, figures.isWaitingUnknown ?? true {
                Terminal.complain(
                    "so many jobs are pending that not all of them were read: if copies of an earlier replay are among "
                        + "them, these jobs are sent once more")
            }
            guard figures.jobs > 0, yes else {
                let hint = figures.jobs == 0 ? "" : "; add --yes to send them again"
                return Terminal.say("\(jobs), \(ConsoleText.size(figures.bytes))\(hint)")
            }
            try await replay(through: figures.lastJob)
        }

        private func replay(through last: Int64) async throws {
            var (jobs, damaged, next) = (0, [Int64](), Int64?(1))
            defer { Terminal.say(jobs == 1 ? "1 job is pending again" : "\(jobs) jobs are pending again") }
            while let first = next, first <= last {
                var step = range
                step.ids = first...last
                let done: ControlDocuments.Replayed = try await Console.ask(.replay(step), options)
                jobs += done.jobs
                damaged += done.damaged
                next = done.next
            }
            guard damaged.isEmpty else {
                let numbers = damaged.map(String.init).joined(separator: ", ")
                throw StartupError(.wrongInput, "jobs left out because their checksum is wrong: \(numbers)")
            }
        }
    }

    /// `sluice outbox salvage`
    struct Salvage: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Saves what can be read of a damaged outbox into a new one.",
            usage: "sluice outbox salvage [--config <file>] [<settings> ...]",
            discussion: """
                The gateway must be stopped. The new outbox takes the place of the damaged one, whose files are set \
                aside with .damaged- and the time in their names; webhooks whose jobs were lost are listed next to \
                them. An outbox without damage is not changed. `sluice serve` does the same when it finds at its start \
                that the outbox is damaged.
                """)

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            let settings = try Console.settings(options)
            guard let report = try ControlClient.salvage(settings) else {
                let path = PrintableText.escape(settings.outbox.path, limit: .max)
                return Terminal.say("\(path) is not damaged; nothing was changed")
            }
            Terminal.say("damaged: \(report.cause)")
            for line in report.lines { Terminal.say(line) }
            Terminal.say("the damaged file is now \(PrintableText.escape(report.damagedPath, limit: .max))")
            guard report.isComplete else {
                throw StartupError(.wrongInput, "some rows could not be read; they exist only in the damaged file")
            }
        }
    }
}
