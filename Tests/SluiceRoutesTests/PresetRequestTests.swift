import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import Testing

@testable import SluiceRoutes

/// The sample requests of every built-in preset, valid and changed in every way that a sender can change them.
@Suite(.serialized) struct PresetRequestTests {
    static let now: Int64 = 1_700_000_000_000

    /// A route of one preset with a secret that nobody knows.
    static func route(_ preset: ProviderPreset, path: String = "/hook") throws -> Route {
        var sample = SampleRoute()
        sample.path = path
        sample.account = account(of: preset)
        return try RouteCompiler.route(sample, of: preset, supply: .throwAway)
    }

    private static func account(of preset: ProviderPreset) -> [String: String] {
        Dictionary(preset.account.map { ($0.name, "value") }) { first, _ in first }
    }

    /// A sample with its signature.
    private static func request(
        _ name: String, of preset: ProviderPreset, _ route: Route, number: Int = 1, signedAt time: Int64 = now
    ) throws -> RequestToSign {
        var values = SampleValues(
            uuid: "00000000-0000-4000-8000-00000000000\(number)", number: number, milliseconds: now)
        values.account = account(of: preset)
        let request = try #require(preset.sample(name, values, path: route.routePath))
        return try route.sign(request, at: time, id: values.uuid)
    }

    private static func preset(_ name: String) throws -> ProviderPreset {
        try #require(ProviderCatalog.preset(named: name))
    }

    @Test("a signed sample becomes jobs, and the next one is another delivery", arguments: ProviderCatalog.names)
    func valid(name: String) throws {
        let preset = try Self.preset(name)
        let route = try Self.route(preset)
        for sample in preset.sampleNames {
            let first = try Self.request(sample, of: preset, route).outcome(by: route)
            #expect(first.summary == "stored", "\(sample)")
            let second = try Self.request(sample, of: preset, route, number: 2).outcome(by: route)
            for (one, other) in zip(first.delivery?.parts ?? [], second.delivery?.parts ?? []) {
                let isBare = one.key == nil && preset.texts(of: "unique_key").isEmpty
                #expect(isBare || one.key != nil && one.key != other.key, "\(sample): \(String(describing: one.key))")
            }
        }
    }

    @Test(
        "a retry with a new time is a duplicate, if the provider numbers its deliveries",
        arguments: ProviderCatalog.names)
    func retry(name: String) throws {
        let preset = try Self.preset(name)
        let route = try Self.route(preset)
        let sample = try #require(preset.sampleNames.first)
        let first = try Self.request(sample, of: preset, route)
        let again = try Self.request(sample, of: preset, route, signedAt: Self.now + 30_000)
        let (one, other) = (first.outcome(by: route).delivery, again.outcome(by: route, at: Self.now + 30_000).delivery)
        #expect(one != nil)
        #expect(one?.parts.map(\.key) == other?.parts.map(\.key))
    }

    @Test("one changed byte of a body that is signed is refused", arguments: ProviderCatalog.names)
    func changedBody(name: String) throws {
        let preset = try Self.preset(name)
        let route = try Self.route(preset)
        guard route.signsBody else { return }
        for sample in preset.sampleNames {
            let request = try Self.request(sample, of: preset, route)
            guard !request.body.isEmpty else { continue }
            for index in Set([0, 1, request.body.count / 3, request.body.count / 2, request.body.count - 1]) {
                guard request.body.indices.contains(index) else { continue }
                var changed = request
                changed.body[index] ^= 1
                #expect(changed.outcome(by: route).isRefusedBySignature, "\(sample), byte \(index)")
            }
            var longer = request
            longer.body.append(UInt8(ascii: "\n"))
            #expect(longer.outcome(by: route).isRefusedBySignature, "\(sample), a line feed more")
        }
    }

    @Test("a request signed with another secret is refused", arguments: ProviderCatalog.names)
    func otherSecret(name: String) throws {
        let preset = try Self.preset(name)
        let (route, other) = (try Self.route(preset), try Self.route(preset))
        let sample = try #require(preset.sampleNames.first)
        let request = try Self.request(sample, of: preset, other)
        // RSA keys take so long to make that one serves for all routes of a process.
        let usesRSA = ProviderCatalog.text(of: name)?.contains("algs: [RS256]") ?? false
        if ProviderSummary(preset).scheme.hasPrefix("rsa") || usesRSA || !preset.needsSecret { return }
        #expect(request.outcome(by: route).isRefusedBySignature)
    }

    @Test("without, with an empty and with a wrong signature a request is refused", arguments: ProviderCatalog.names)
    func wrongSignature(name: String) throws {
        let preset = try Self.preset(name)
        let route = try Self.route(preset)
        let sample = try #require(preset.sampleNames.first)
        let request = try Self.request(sample, of: preset, route)
        for header in route.signatureHeaders where request.headers.contains(where: { HeaderName($0.name) == header }) {
            for value in [nil, "", " ", "x", "sha256=", "v1,", "t=1,v1=00"] {
                var changed = request
                changed.headers.removeAll { HeaderName($0.name) == header }
                if let value { changed.headers.append(.init(header.description, value)) }
                #expect(changed.outcome(by: route).isRefusedBySignature, "\(header): \(value ?? "absent")")
            }
        }
        var unsigned = SampleValues(uuid: "u", number: 1, milliseconds: Self.now)
        unsigned.account = Self.account(of: preset)
        let bare = try #require(preset.sample(sample, unsigned, path: route.routePath))
        #expect(bare.outcome(by: route).isRefusedBySignature, "without a signature")
    }

    @Test(
        "a header that is signed, or has a part of the signature, must be there once and as it was signed",
        arguments: ProviderCatalog.names)
    func headers(name: String) throws {
        let preset = try Self.preset(name)
        let route = try Self.route(preset)
        let sample = try #require(preset.sampleNames.first)
        let request = try Self.request(sample, of: preset, route)
        for (index, header) in request.headers.enumerated()
        where route.parts.verifier.headersRead.contains(HeaderName(header.name)) {
            func judgement(_ change: (inout [RequestToSign.Header]) -> Void) -> RouteOutcome {
                var changed = request
                change(&changed.headers)
                return changed.outcome(by: route)
            }
            #expect(judgement { $0[index].name = header.name.uppercased() }.summary == "stored", "\(header.name)")
            #expect(judgement { $0.remove(at: index) }.isRefusedBySignature, "\(header.name) removed")
            #expect(judgement { $0[index].value = "" }.isRefusedBySignature, "\(header.name) without a value")
            #expect(judgement { $0[index].value += "1" }.isRefusedBySignature, "\(header.name) with another value")
            // Of several lines with signatures one must match, if the header may have several.
            let isList = route.parts.verifier.schemes.contains { scheme in
                scheme.location.headers.contains(HeaderName(header.name)) && scheme.format.separator != nil
            }
            guard !isList else { continue }
            #expect(judgement { $0.append(header) }.isRefusedBySignature, "\(header.name) repeated")
            #expect(
                judgement { $0.insert(.init(header.name, "1"), at: 0) }.isRefusedBySignature,
                "\(header.name) after another one")
        }
    }

    @Test("a timestamp may be as old as the tolerance says, and no second older", arguments: ProviderCatalog.names)
    func tolerance(name: String) throws {
        let preset = try Self.preset(name)
        let route = try Self.route(preset)
        let sample = try #require(preset.sampleNames.first)
        let request = try Self.request(sample, of: preset, route)
        let account = request.withView { route.verificationAccount(of: $0, receivedAtMilliseconds: Self.now) }
        guard let timestamp = account.timestamp, timestamp.tolerance > .zero else { return }
        let tolerance = timestamp.tolerance.wholeMilliseconds
        for distance in [-tolerance, 0, tolerance] {
            #expect(request.outcome(by: route, at: Self.now + distance).summary == "stored", "\(distance)")
        }
        for distance in [-tolerance - 1001, tolerance + 1001] {
            #expect(
                request.outcome(by: route, at: Self.now + distance).refusal?.code == .signatureExpired, "\(distance)")
        }
    }
}

extension PresetRequestTests {
    @Test("a generated token with another signature is refused without fetching a key") func otherToken() throws {
        let preset = try Self.preset("google-pubsub")
        let route = try Self.route(preset)
        var request = try Self.request("message", of: preset, route)
        let place = try #require(request.headers.firstIndex { $0.name.lowercased() == "authorization" })
        let token = request.headers[place].value
        let parts = token.split(separator: ".")
        request.headers[place] = .init(
            request.headers[place].name, "\(parts[0]).\(parts[1]).\(String(parts[2].reversed()))")
        #expect(request.outcome(by: route).refusal?.code == .signatureInvalid)
    }

    @Test("a secret that is too short is named by its variable, and not as one in a file")
    func shortSecret() throws {
        let preset = try Self.preset("github")
        var sample = SampleRoute()
        sample.secret = (variable: "MY_SECRET", value: "short")
        let error = #expect(throws: SigningError.self) {
            try RouteCompiler.route(sample, of: preset, supply: .wellKnown("development"))
        }
        #expect(
            error?.message == "the secret of env MY_SECRET has 5 bytes, and could be guessed: use at least 16 bytes, "
                + "such as the output of 'openssl rand -hex 32'")
    }

    @Test("each handshake is answered, and with another token or secret it is not", arguments: ProviderCatalog.names)
    func handshakes(name: String) throws {
        let preset = try #require(ProviderCatalog.preset(named: name))
        var sample = SampleRoute()
        sample.account = Dictionary(preset.account.map { ($0.name, "value") }) { first, _ in first }
        let route = try RouteCompiler.route(sample, of: preset, supply: .wellKnown("development"))
        let other = try RouteCompiler.route(sample, of: preset, supply: .wellKnown("another secret"))
        for (index, sample) in route.handshakeSamples(token: "development", value: "challenge1").enumerated() {
            var request = sample.request
            if sample.isSigned { request = try route.sign(request, at: Self.now, id: "id_1") }
            let outcome = request.outcome(by: route)
            guard let reply = outcome.handshakeReply else {
                Issue.record("handshake \(index + 1) of \(name): \(outcome.summary)")
                continue
            }
            #expect(200...299 ~= reply.status)
            // A development key pair is the same for all.
            guard sample.isSigned, preset.needsSecret, !ProviderSummary(preset).scheme.hasPrefix("ed25519") else {
                continue
            }
            #expect(try other.sign(sample.request, at: Self.now, id: "id_1").outcome(by: route).isRefusedBySignature)
        }
        for sample in route.handshakeSamples(token: "not the token", value: "challenge1") where !sample.isSigned {
            guard preset.needsHandshakeSecret else { break }
            #expect(sample.request.outcome(by: route).refusal?.code == .handshakeRefused)
        }
    }
}

extension RequestToSign {
    func outcome(by route: Route, at time: Int64 = PresetRequestTests.now) -> RouteOutcome {
        var request = TestRequest(target: target, headers: headers.map { ($0.name, $0.value) })
        request.method = method
        request.body = body
        return request.processed(by: route, atMilliseconds: time)
    }
}

extension RouteOutcome {
    fileprivate var handshakeReply: RouteReply? {
        switch self {
        case .handshake(let reply, nil), .learns(_, let reply), .call(_, let reply): reply
        default: nil
        }
    }

    fileprivate var isRefusedBySignature: Bool {
        switch refusal?.code {
        case .signatureMissing, .signatureInvalid, .signatureExpired: true
        default: false
        }
    }
}
