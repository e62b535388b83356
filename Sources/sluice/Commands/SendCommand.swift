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
        guard 200...299 ~= answer.status else { throw StartupError(.wrongInput, "the webhook was not accepted") }
    }

    private var developmentCertificate: String? {
        let path = Settings.development.tls.certificate
        return path.flatMap { (try? FileAccess.status(of: $0)) == nil ? nil : $0 }
    }

    private func secret() throws -> String {
        let name = secretEnv ?? "GITHUB_WEBHOOK_SECRET"
        if let secret = ProcessEnvironment.variables()[name], !secret.isEmpty { return secret }
        guard secretEnv == nil, developmentCertificate != nil else {
            throw StartupError(.wrongInput, "\(name) is not set; set it to the secret of the route")
        }
        return DevelopmentSecret.text
    }

    private func body() throws -> [UInt8] {
        if let bodyFile {
            do { return try FileAccess.read(bodyFile, limit: 100 << 20) } catch {
                throw StartupError(.wrongInput, "cannot read \(PrintableText.escape(bodyFile)): \(error)")
            }
        }
        guard let sample = GitHubSamples.body(event: event) else {
            throw StartupError(
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
            throw StartupError(.usage, "--to must be a URL such as https://127.0.0.1:8443/github")
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
            throw StartupError(.wrongInput, "\(error)")
        }
    }
}

/// Webhooks such as GitHub sends, cut down to about 2 KB.
enum GitHubSamples {
    /// The body of an event; nothing for one that there is no sample of.
    static func body(event: String) -> String? {
        switch event {
        case "push": push
        case "ping": ping
        default: nil
        }
    }

    private static let push = """
        {"ref":"refs/heads/main","before":"6113728f27ae82c7b1a177c8d03f9e96e0adf246",\
        "after":"59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5",\
        "repository":{"id":186853002,"node_id":"MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=","name":"hello",\
        "full_name":"octo/hello","private":false,\
        "owner":{"name":"octo","email":"octo@example.com","login":"octo","id":21031067,\
        "node_id":"MDQ6VXNlcjIxMDMxMDY3",\
        "url":"https://api.example.com/users/octo","type":"User","site_admin":false},\
        "html_url":"https://example.com/octo/hello",\
        "description":"A repository to try webhooks \
        with","fork":false,"url":"https://example.com/octo/hello","created_at":1557933565,\
        "updated_at":"2026-05-15T15:20:41Z","pushed_at":1763900498,"homepage":null,"size":0,"stargazers_count":0,\
        "watchers_count":0,\
        "language":"Swift","has_issues":true,"has_projects":true,"has_downloads":true,"has_wiki":true,\
        "forks_count":1,"archived":false,\
        "disabled":false,"open_issues_count":2,"license":null,"default_branch":"main","master_branch":"main"},\
        "pusher":{"name":"octo","email":"octo@example.com"},"sender":{"login":"octo","id":21031067,\
        "node_id":"MDQ6VXNlcjIxMDMxMDY3",\
        "url":"https://api.example.com/users/octo","type":"User","site_admin":false},"created":false,\
        "deleted":false,"forced":false,\
        "base_ref":null,"compare":"https://example.com/octo/hello/compare/6113728f27ae...59b20b8d5c6f","commits":[\
        {"id":"59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5","tree_id":"f9d2a07e9488b91af2641b26b9407fe22a451433",\
        "distinct":true,\
        "message":"Say hello to \\u00fcmlauts and \\ud83d\\ude80","timestamp":"2026-11-23T12:21:38+00:00",\
        "url":"https://example.com/octo/hello/commit/59b20b8d5c6f","author":{"name":"Octo",\
        "email":"octo@example.com","username":"octo"},\
        "committer":{"name":"Octo","email":"octo@example.com","username":"octo"},"added":["hello.swift"],"removed":[],\
        "modified":["README.md"]}],"head_commit":{"id":"59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5","distinct":true}}
        """

    private static let ping = """
        {"zen":"Keep it logically \
        awesome.","hook_id":109948940,"hook":{"type":"Repository","id":109948940,"name":"web","active":true,\
        "events":["push"],"config":{"content_type":"json","insecure_ssl":"0",\
        "url":"https://hooks.example.com/github"}},\
        "repository":{"id":186853002,"name":"hello","full_name":"octo/hello"},"sender":{"login":"octo","id":21031067}}
        """
}
