internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceRouteTools
internal import SluiceRoutes

/// The options of `sluice explain` that describe a request.
struct ExplainedRequest: ParsableArguments {
    @Option(name: .long, help: "The path, optionally followed by ? and the query.") var path: String?
    @Option(name: .long, help: ArgumentHelp("The method; default POST.", valueName: "method")) var method: String?
    @Option(name: .long, help: ArgumentHelp("The query, such as a=1&b=2.", valueName: "query")) var query: String?
    @Option(
        name: .long, help: ArgumentHelp("A header, `Name: value`; can be repeated.", valueName: "header"))
    var header: [String] = []
    @Option(name: .long, help: ArgumentHelp("The body as text.", valueName: "text")) var body: String?
    @Option(name: .long, help: ArgumentHelp("File with the body; - is standard input.", valueName: "file"))
    var bodyFile: String?
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Address of the connection; default: an address that the route accepts.",
            valueName: "ip"))
    var remoteAddress: String?
    @Option(
        name: .long,
        help: ArgumentHelp("Time of receipt, such as 2026-11-25T08:00:00Z; default: now.", valueName: "time"))
    var clock: String?
    @Flag(name: .long, help: "Do not sign a request that has no signature.") var unsigned = false

    /// The largest `body_limit` plus one byte, which is refused.
    private static let longestBody = (100 << 20) + 1
    /// A placeholder for the gateway's delivery id.
    private static let deliveryID = String(repeating: "0", count: 26)

    /// Whether no option describes a request.
    var isEmpty: Bool {
        [path, method, query, body, bodyFile, remoteAddress, clock].allSatisfy { $0 == nil } && header.isEmpty
            && !unsigned
    }

    /// Refuses options that do not describe a request.
    func check() throws {
        guard let path else { throw ValidationError("describe a request: --path /github, or --delivery ID") }
        guard RequestToSign.target(path: path, query: query) != nil else {
            throw ValidationError(
                "--path must begin with / and contain no #; put the query after ? or into --query, not both")
        }
        if let method, method.isEmpty || !method.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) {
            throw ValidationError("--method must be in upper case, such as POST")
        }
        for line in header where RequestToSign.Header(parsing: line) == nil {
            throw ValidationError(
                "'\(PrintableText.escape(line, limit: 80))' is not a header; write 'Name: value', such as "
                    + "'X-GitHub-Event: push'"
            )
        }
        if body != nil, bodyFile != nil {
            throw ValidationError("use either --body or --body-file, not both")
        }
        if let remoteAddress, PeerAddress.address(parsing: remoteAddress) == nil {
            throw ValidationError("--remote-address must be an address such as 192.0.2.1 or 2001:db8::1")
        }
        if let clock, TimestampText.parse(clock) == nil {
            throw ValidationError("--clock must be a time such as 2026-11-25T08:00:00Z")
        }
    }

    /// The request that `check` has validated.
    func request() throws -> RequestToSign {
        var request = head
        request.body = try bytes()
        return request
    }

    private var head: RequestToSign {
        RequestToSign(
            method: method ?? "POST", target: path.flatMap { RequestToSign.target(path: $0, query: query) } ?? "/",
            headers: header.compactMap { RequestToSign.Header(parsing: $0) }, body: [])
    }

    /// - Parameter proxies: the addresses whose `X-Forwarded-For` is trusted.
    func arrival(trusting proxies: [AddressBlock]) -> RequestArrival {
        let peer = remoteAddress.flatMap { PeerAddress.address(parsing: $0) }.map { PeerAddress(address: $0, port: 0) }
        let now = clock.flatMap { TimestampText.parse($0) } ?? SystemTime().wallMilliseconds()
        let sender = peer.map { peer in head.withView(from: peer) { SenderAddress.of($0, trusted: proxies) } }
        return RequestArrival(sender: sender, receivedAtMilliseconds: now, deliveryID: Self.deliveryID)
    }

    private func bytes() throws -> [UInt8] {
        guard let bodyFile else { return Array((body ?? "").utf8) }
        do throws(FileAccess.AccessError) {
            if bodyFile == "-" { return try FileAccess.readStandardInput(limit: Self.longestBody) }
            return try FileAccess.read(bodyFile, limit: Self.longestBody)
        } catch {
            let name = bodyFile == "-" ? "standard input" : PrintableText.escape(bodyFile)
            throw StartupError(.wrongInput, "cannot read \(name): \(error)")
        }
    }
}
