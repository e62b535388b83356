internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceOutbox

extension OutboxCommand {
    /// `sluice outbox backup`
    struct Backup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copies the outbox to a new file, with or without a running gateway.",
            usage: "sluice outbox backup <file> [--config <file>] [<settings> ...]",
            discussion: """
                The copy contains everything that was acknowledged before the command ended. A running gateway writes \
                it, in short slices, and accepts webhooks meanwhile: its user must be able to create the file. An \
                existing file is never replaced. The copy contains payloads and learnt secrets; only its owner can \
                read it. To restore it, see docs/operating/backup.md.
                """)

        @OptionGroup var options: SettingsOptions

        private var file = ""

        private enum CodingKeys: String, CodingKey { case options }

        mutating func validate() throws { file = try Console.word(&options, orSay: "name the file to create") }

        func run() async throws {
            let (path, folder) = try Self.place(file)
            let bytes = try await Console.ask(.backup(path: path, folder: folder), options)
            let backup = try ControlCoding.decode(ControlDocuments.BackedUp.self, bytes)
            Terminal.say("\(PrintableText.escape(backup.path, limit: .max)): \(ConsoleText.size(backup.bytes))")
        }

        private static func place(_ file: String) throws(StartupError) -> (path: String, folder: String) {
            let shown = PrintableText.escape(file, limit: .max)
            let path: String
            do throws(FileAccess.AccessError) { path = try FileAccess.absolute(file) } catch {
                throw StartupError(.wrongInput, "cannot create \(shown): \(error)")
            }
            guard (try? FileAccess.status(of: path)) == nil else {
                throw StartupError(.wrongInput, "\(shown) exists; a backup never replaces a file")
            }
            return (path, BackupFile.folderIdentity(of: path) ?? "")
        }
    }
}
