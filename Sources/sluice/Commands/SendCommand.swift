internal import ArgumentParser
internal import SluiceBase
internal import SluiceCrypto
internal import SluiceGateway
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceRouteFiles
internal import SluiceRouteTools
internal import SluiceRoutes

/// `sluice send`
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Sends a signed sample webhook, like the provider.",
        discussion: """
            sluice send github push --to https://127.0.0.1:8443/github

            'sluice providers show PROVIDER' lists the samples. The exit status is 1 if an answer is not the expected \
            one: a 2xx; with --tamper a 401 because of the signature; with --duplicate and --retry for the second \
            request the answer to a duplicate; with --handshake the reply of the preset.
            """)

    @Argument(help: "The provider.") var provider: String
    @Argument(help: "The sample; default: the first one of the provider.") var event: String?
    @Option(name: .long, help: ArgumentHelp("The URL to send to.", valueName: "url")) var to: String
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Environment variable with the secret; default PROVIDER_WEBHOOK_SECRET, or the secret of 'sluice dev' "
                + "if the folder contains .sluice/.",
            valueName: "name"))
    var secretEnv: String?
    @Option(
        name: .long,
        help: ArgumentHelp("The same for the token of a handshake.", valueName: "name"))
    var handshakeSecretEnv: String?
    @Option(
        name: .long,
        help: ArgumentHelp("A value of the route's 'account', such as webhook_id=1.", valueName: "name=value"))
    var account: [String] = []
    @Option(
        name: .customLong("public-url"),
        help: ArgumentHelp("The route's public_url, if it is not that of --to.", valueName: "url"))
    var publicURL: String?
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
    @Flag(name: .long, help: "Send the provider's handshakes instead of an event.") var handshake = false
    @Flag(name: .long, help: "Send the same request twice: the second one is a duplicate.") var duplicate = false
    @Flag(name: .long, help: "Send it again as a retry: with the same id and a new time and signature.") var retry =
        false
    @Flag(name: .long, help: "Change one byte after signing: the webhook must be refused.") var tamper = false

    func validate() throws {
        guard !(duplicate && retry) else {
            throw ValidationError("--duplicate and --retry both send a second webhook; give one of them")
        }
        let ofWebhooks = [
            (duplicate, "--duplicate"), (retry, "--retry"), (bodyFile != nil, "--body-file"),
            (delivery != nil, "--delivery"), (event != nil, "a sample"),
        ]
        if handshake, let other = ofWebhooks.first(where: \.0)?.1 {
            throw ValidationError("\(other) has no effect with --handshake, which sends no webhook")
        }
    }

    func run() async throws {
        let target = try SendTarget(to)
        let preset = try preset()
        let sample = try sample(of: preset)
        let configuration = try target.client(ca: ca ?? developmentCertificate)
        var previous: HTTPClientResponse?
        for (request, expected) in try requests(sample, of: preset, to: target) {
            let answer = try await OneRequest.answer(
                to: request, from: configuration,
                tlsAdvice: ca == nil ? "use --ca FILE for an authority that the system does not trust" : nil)
            Terminal.say(
                "\(answer.status) \(PrintableText.escape(String(decoding: answer.body, as: UTF8.self), limit: 4096))")
            if let problem = expected.problem(with: answer, after: previous) {
                throw StartupError(.wrongInput, problem)
            }
            if let doubt = expected.doubt(about: answer) { Terminal.complain("sluice: \(doubt)") }
            previous = answer
        }
    }

    private func preset() throws -> ProviderPreset {
        if let preset = ProviderCatalog.preset(named: provider) { return preset }
        throw StartupError(.usage, ProviderCatalog.complaint(about: provider))
    }

    private func sample(of preset: ProviderPreset) throws -> String {
        guard let first = preset.sampleNames.first else {
            throw StartupError(.usage, "\(preset.title) has no sample")
        }
        guard let event else { return first }
        if preset.sampleNames.contains(event) { return event }
        // With --body-file the sample only supplies headers.
        if bodyFile != nil { return first }
        throw StartupError(
            .usage,
            "no sample for the event '\(PrintableText.escape(event))'; use "
                + "\(preset.sampleNames.joined(separator: ", ")), or --body-file")
    }
}

/// The requests of `sluice send`.
extension SendCommand {
    /// The age of the first attempt of a retry, in milliseconds.
    private static let retryDelay: Int64 = 30_000

    /// Ten digits that repeat after a hundred days.
    private static func number(at milliseconds: Int64) -> Int { 1_000_000_000 + Int(milliseconds % 9_000_000_000) }

    /// The requests, each with the answer that it should get.
    private func requests(
        _ sample: String, of preset: ProviderPreset, to target: SendTarget
    ) throws -> [(HTTPClientRequest, ExpectedAnswer)] {
        let now = SystemTime().wallMilliseconds()
        var values = SampleValues(uuid: delivery ?? Self.newID(), number: Self.number(at: now), milliseconds: now)
        values.account = accountValues
        if handshake { return try handshakes(of: preset, target, at: now) }
        let first = try request(sample, of: preset, to: target, with: values, at: retry ? now - Self.retryDelay : now)
        let expected: ExpectedAnswer = tamper ? .refusal(of: nil) : .acceptance
        guard retry || duplicate else { return [(first, expected)] }
        let second = retry ? try request(sample, of: preset, to: target, with: values, at: now) : first
        return [(first, expected), (second, tamper ? expected : .duplicate)]
    }

    /// One request per rule; with `--tamper` with a wrong token and signature, and only for rules that check one.
    private func handshakes(
        of preset: ProviderPreset, _ target: SendTarget, at now: Int64
    ) throws -> [(HTTPClientRequest, ExpectedAnswer)] {
        do throws(SigningError) {
            let (route, receiver) = (
                try route(of: preset, target, isOther: tamper), try self.route(of: preset, target, isOther: false)
            )
            let token = try handshakeSecret(preset)?.value ?? DevelopmentSecret.text
            let samples = route.handshakeSamples(token: tamper ? token + "x" : token, value: "challenge1")
            guard !samples.isEmpty else { throw SigningError(message: "the preset \(preset.name) has no handshake") }
            var requests: [(HTTPClientRequest, ExpectedAnswer)] = []
            for sample in samples {
                let request =
                    sample.isSigned ? try route.sign(sample.request, at: now, id: Self.newID()) : sample.request
                let expected = ExpectedAnswer(of: receiver, to: request, at: now)
                if tamper, !expected.isRefusal { continue }
                requests.append((HTTPClientRequest(request), expected))
            }
            if requests.isEmpty {
                throw SigningError(message: "the handshakes of \(preset.title) have neither a token nor a signature")
            }
            return requests
        } catch {
            throw StartupError(.wrongInput, error.message)
        }
    }

    private func request(
        _ sample: String, of preset: ProviderPreset, to target: SendTarget, with values: SampleValues, at time: Int64
    ) throws -> HTTPClientRequest {
        do throws(SigningError) {
            let route = try route(of: preset, target, isOther: false)
            guard var request = preset.sample(sample, values, path: route.routePath) else {
                throw SigningError(message: "the sample '\(sample)' of \(preset.name) cannot be read")
            }
            if let body = try body() { request.body = body }
            let other = tamper && !route.signsBody ? try? self.route(of: preset, target, isOther: true) : nil
            var signed = try (other ?? route).sign(request, at: time, id: values.uuid)
            if tamper, other == nil { Self.changeOneByte(of: &signed.body) }
            return HTTPClientRequest(signed)
        } catch {
            throw StartupError(.wrongInput, error.message)
        }
    }

    /// Changes the last letter or digit.
    private static func changeOneByte(of body: inout [UInt8]) {
        guard let index = body.lastIndex(where: { ASCII.isDigit($0) || 0x61...0x7A ~= ASCII.lowercase($0) }) else {
            return body.append(ASCII.space)
        }
        // Another character of the same kind.
        body[index] ^= 1
        if body[index] == UInt8(ascii: "`") || body[index] == UInt8(ascii: "@") { body[index] += 2 }
        if body[index] == UInt8(ascii: "{") || body[index] == UInt8(ascii: "[") { body[index] -= 2 }
    }

    /// - Parameter isOther: whether to use another secret than the route's.
    private func route(
        of preset: ProviderPreset, _ target: SendTarget, isOther: Bool
    ) throws(SigningError) -> Route {
        var sample = SampleRoute()
        sample.path = String(target.path.prefix { $0 != "?" })
        sample.publicURL = publicURL ?? target.origin
        sample.account = accountValues
        if preset.needsSecret { sample.secret = try secret(preset) }
        sample.handshakeSecret = try handshakeSecret(preset)
        // A throw-away secret replaces the given one.
        let supply = isOther ? SecretSupply.throwAway : .wellKnown(DevelopmentSecret.text)
        return try RouteCompiler.route(sample, of: preset, supply: supply)
    }

    private var accountValues: [String: String] {
        let pairs = account.map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
        return Dictionary(pairs) { $1 }
    }

    /// - Returns: `nil` for the secret of `sluice dev`.
    private func secret(_ preset: ProviderPreset) throws(SigningError) -> (variable: String, value: String)? {
        try variable(secretEnv, ProviderSummary(preset).secretVariable)
    }

    private func handshakeSecret(
        _ preset: ProviderPreset
    ) throws(SigningError) -> (variable: String, value: String)? {
        guard handshake, preset.needsHandshakeSecret else { return nil }
        return try variable(handshakeSecretEnv, ProviderSummary(preset).handshakeVariable)
    }

    private func variable(
        _ chosen: String?, _ usual: String
    ) throws(SigningError) -> (variable: String, value: String)? {
        let name = chosen ?? usual
        if let secret = ProcessEnvironment.variables()[name], !secret.isEmpty { return (name, secret) }
        guard chosen == nil, developmentCertificate != nil else {
            throw SigningError(message: "\(name) is not set; set it to the secret of the route")
        }
        return nil
    }

    private var developmentCertificate: String? {
        let path = Settings.development.tls.certificate
        return path.flatMap { (try? FileAccess.status(of: $0)) == nil ? nil : $0 }
    }

    private func body() throws(SigningError) -> [UInt8]? {
        guard let bodyFile else { return nil }
        do { return try FileAccess.read(bodyFile, limit: 100 << 20) } catch {
            throw SigningError(message: "cannot read \(PrintableText.escape(bodyFile)): \(error)")
        }
    }

    /// A random UUID (RFC 9562 §5.4), the usual format of ids.
    private static func newID() -> String {
        var bytes = SecureRandom.bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let groups = [0..<4, 4..<6, 6..<8, 8..<10, 10..<16]
        return groups.map { Hex.encode(bytes[$0]) }.joined(separator: "-")
    }
}

/// The destination of a sample.
struct SendTarget {
    private let server: ServerURL
    /// Path and query.
    let path: String
    /// Scheme and authority.
    let origin: String

    init(_ url: String) throws {
        let scheme = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let slash = url[scheme...].firstIndex(of: "/") ?? url.endIndex
        guard let server = ServerURL(parsing: String(url[..<slash])) else {
            throw StartupError(.usage, "--to must be a URL such as https://127.0.0.1:8443/github")
        }
        self.server = server
        origin = String(url[..<slash])
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

extension HTTPClientRequest {
    fileprivate init(_ request: RequestToSign) {
        self.init(
            method: request.method, target: request.target,
            headers: [(name: "user-agent", value: "sluice-send")]
                + request.headers.map { (name: $0.name.lowercased(), value: $0.value) }, body: request.body)
    }
}
