internal import ArgumentParser
internal import SluiceBase
internal import SluiceCrypto
internal import SluiceGateway
internal import SluiceHTTP
internal import SluiceNet

/// `sluice send`
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Sends a signed sample webhook, like the provider.",
        discussion: "sluice send github push --to https://127.0.0.1:8443/github")

    @Argument(help: "The provider: github.") var provider: SampleProvider
    @Argument(help: "The event: push or ping.") var event: String
    @Option(name: .long, help: ArgumentHelp("The URL to send to.", valueName: "url")) var to: String
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Environment variable with the secret; default GITHUB_WEBHOOK_SECRET, or the secret of 'sluice dev' "
                + "if the folder contains .sluice/.",
            valueName: "name"))
    var secretEnv: String?
    @Option(name: .long, help: ArgumentHelp("The delivery id; default: a new one each time.", valueName: "id"))
    var delivery: String?
    @Option(name: .long, help: ArgumentHelp("Send this body instead of the sample.", valueName: "file")) var bodyFile:
        String?
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Additional certificate authority to trust.",
            discussion: "Default: the certificate of `sluice dev` in .sluice/, if there is one.", valueName: "file"))
    var ca: String?

    func run() async throws {
        let target = try SendTarget(to)
        let secret = try secret()
        let body = try body()
        let id = delivery ?? Self.newID()
        let signature = HMACKey(.sha256, key: Array(secret.utf8).span).authenticate(body.span).hex
        let request = HTTPClientRequest(
            method: "POST", target: target.path,
            headers: [
                (name: "user-agent", value: "GitHub-Hookshot/sluice-send"),
                (name: "content-type", value: "application/json"),
                (name: "x-github-event", value: event), (name: "x-github-delivery", value: id),
                (name: "x-hub-signature-256", value: "sha256=\(signature)"),
            ], body: body)
        let answer = try await OneRequest.send(
            request, to: try target.client(ca: ca ?? developmentCertificate),
            tlsAdvice: ca == nil ? "use --ca FILE for an authority that the system does not trust" : nil)
        Terminal.say(
            "\(answer.status) \(PrintableText.escape(String(decoding: answer.body, as: UTF8.self), limit: 4096))")
        guard 200...299 ~= answer.status else { throw FatalProblem(.wrongInput, "the webhook was not accepted") }
    }

    private var developmentCertificate: String? {
        let path = Settings.development.tls.certificate
        return path.flatMap { (try? FileAccess.status(of: $0)) == nil ? nil : $0 }
    }

    private func secret() throws -> String {
        let name = secretEnv ?? "GITHUB_WEBHOOK_SECRET"
        if let secret = ProcessEnvironment.variables()[name], !secret.isEmpty { return secret }
        guard secretEnv == nil, developmentCertificate != nil else {
            throw FatalProblem(.wrongInput, "\(name) is not set; set it to the secret of the route")
        }
        return DevelopmentSecret.text
    }

    private func body() throws -> [UInt8] {
        if let bodyFile {
            do { return try FileAccess.read(bodyFile, limit: 100 << 20) } catch {
                throw FatalProblem(.wrongInput, "cannot read \(PrintableText.escape(bodyFile)): \(error)")
            }
        }
        guard let sample = GitHubSamples.body(event: event) else {
            throw FatalProblem(
                .usage,
                "no sample for the event '\(PrintableText.escape(event))'; use push or ping, or --body-file")
        }
        return Array(sample.utf8)
    }

    /// A random UUID (RFC 9562 §5.4), as GitHub uses them.
    private static func newID() -> String {
        var bytes = SecureRandom.bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let groups = [0..<4, 4..<6, 6..<8, 8..<10, 10..<16]
        return groups.map { Hex.encode(bytes[$0]) }.joined(separator: "-")
    }
}

/// A provider that there are samples of.
enum SampleProvider: String, ExpressibleByArgument, CaseIterable {
    case github
}

/// Where a sample goes.
struct SendTarget {
    private let server: ServerURL
    /// Path and query.
    let path: String

    init(_ url: String) throws {
        let scheme = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let slash = url[scheme...].firstIndex(of: "/") ?? url.endIndex
        guard let server = ServerURL(parsing: String(url[..<slash])) else {
            throw FatalProblem(.usage, "--to must be a URL such as https://127.0.0.1:8443/github")
        }
        self.server = server
        path = slash == url.endIndex ? "/" : String(url[slash...])
    }

    func client(ca: String?) throws -> HTTPClientConfiguration {
        let endpoint = HTTPClientConfiguration.Endpoint.host(server.host, port: server.port)
        guard server.scheme == .https else {
            return HTTPClientConfiguration(endpoint: endpoint, authority: server.authority)
        }
        do throws(TLSError) {
            let tls = try TLSClientContext(caPath: ca, certificatePath: nil, keyPath: nil)
            return HTTPClientConfiguration(endpoint: endpoint, authority: server.authority, tls: tls)
        } catch {
            throw FatalProblem(.wrongInput, "\(error)")
        }
    }
}
