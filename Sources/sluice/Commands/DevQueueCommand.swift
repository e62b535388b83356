internal import ArgumentParser
internal import DevQueue
internal import SluiceBase
internal import SluiceNet
internal import UnixSignals

/// `sluice devqueue`
struct DevQueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devqueue",
        abstract: "Runs only the development queue: a stand-in for a Zizq server, for development and tests.",
        discussion: """
            It is not a Zizq server: it keeps jobs in memory only. It answers producers and workers like a Zizq \
            server, over HTTP/1.1 and without jq: workers take jobs from it and report on them; it does not run jobs \
            itself.
            """)

    @Option(name: .long, help: ArgumentHelp("Port on 127.0.0.1.", valueName: "port")) var port: UInt16 = 7890
    @Flag(name: .long, help: "Accept unique keys and batches, like a server with a Pro licence.") var licensed =
        false
    @Option(
        name: .long, help: "What to store of jobs: everything, fields (no payloads) or counts (jobs cannot be taken).")
    var keep = DevQueueConfiguration.KeptParts.everything

    func run() async throws {
        let store = DevQueueStore(configuration: DevQueueConfiguration(isLicensed: licensed, keeping: keep))
        let address = PeerAddress(ipv4: (127, 0, 0, 1), port: port)
        let server: DevQueueServer
        do throws(SystemCallError) { server = try await DevQueueServer(store: store, address: .inet(address)) } catch {
            throw StartupError(.unavailable, "cannot listen on \(address.hostAndPort): \(error)")
        }
        Terminal.complain(
            "This is a development stand-in for Zizq, not a job queue: it keeps jobs in memory only.")
        Terminal.say("listening on \(server.url())")
        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { break }
        // Enough for answers that are being written.
        await server.stop(within: .seconds(1))
    }
}

extension DevQueueConfiguration.KeptParts: ExpressibleByArgument {}
