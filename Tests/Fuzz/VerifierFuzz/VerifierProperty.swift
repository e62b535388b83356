internal import SluiceBase
internal import SluiceHTTP
internal import SluiceRouteFiles
internal import SluiceRoutes
internal import Synchronization

/// A signed request of any preset that was changed in its head or its body is judged the same before and after its body
/// is read, and by the explanation; with another body it is never accepted.
enum VerifierProperty {
    private static let now: Int64 = 1_700_000_000_000
    private static let secret = "a secret of the fuzzer"
    private static let id = "00000000-0000-4000-8000-000000000001"

    /// A route with a request that it accepts.
    private struct Subject {
        let name: String
        let route: Route
        let request: [UInt8]
        let body: [UInt8]
        let target: [UInt8]
        /// Whether the signature covers every byte of the body: not if it is in the body, where it may be written in
        /// another way, as hex in upper case, and not if it covers a sorted form, whose order and repeated pairs are
        /// not signed.
        let signsBody: Bool
    }

    /// The samples of all presets.
    private static let samples: [(preset: String, sample: String)] = ProviderCatalog.all.flatMap { preset in
        preset.sampleNames.map { (preset: preset.name, sample: $0) }
    }

    /// Made when they are first used; `nil` if a sample cannot be signed.
    private static let subjects = Mutex<[Int: Subject?]>([:])

    private static func subject(_ number: Int) -> Subject? {
        if let known = subjects.withLock({ $0[number] }) { return known }
        let made = make(samples[number].preset, samples[number].sample)
        subjects.withLock { $0[number] = made }
        return made
    }

    private static func make(_ name: String, _ sample: String) -> Subject? {
        guard let preset = ProviderCatalog.preset(named: name) else { return nil }
        var parts = SampleRoute()
        parts.account = Dictionary(preset.account.map { ($0.name, "value") }) { first, _ in first }
        var values = SampleValues(uuid: id, number: 1, milliseconds: now)
        values.account = parts.account
        guard let route = try? RouteCompiler.route(parts, of: preset, supply: .wellKnown(secret)),
            let unsigned = preset.sample(sample, values, path: route.routePath),
            let signed = try? route.sign(unsigned, at: now, id: id)
        else { return nil }
        var head = "\(signed.method) \(signed.target) HTTP/1.1\r\nhost: hooks.example.com\r\n"
        for header in signed.headers { head += "\(header.name): \(header.value)\r\n" }
        let request = Array("\(head)content-length: \(signed.body.count)\r\n\r\n".utf8) + signed.body
        let sortsForm = preset.schemes.contains { $0.signed.contains { $0.contains("${sorted.") } }
        return Subject(
            name: "\(name) \(sample)", route: route, request: request, body: signed.body,
            target: Array(signed.target.utf8),
            signsBody: route.signsBody && !route.signatureHeaders.isEmpty && !sortsForm)
    }

    static func check(request number: Int, changes: RequestChanges) {
        guard let subject = subject(number % samples.count) else { return }
        let bytes = changes.applied(to: subject.request)
        var parser = RequestParser(limits: HTTPLimits())
        guard case .head(let head) = parser.parse(bytes.span) else { return }
        let body = Array(bytes[head.length...])
        let view = head.view(over: bytes.span, body: body.span, peer: .unknown)
        // Another path would be another route.
        guard view.path.array.elementsEqual(subject.target.prefix { $0 != UInt8(ascii: "?") }) else { return }
        let bare = head.view(over: bytes.span, body: body.span.extracting(0..<0), peer: .unknown)
        check(view, bare: bare, of: subject)
    }

    private static func check(_ request: borrowing RequestView, bare: borrowing RequestView, of subject: Subject) {
        let route = subject.route
        let arrival = RequestArrival(sender: .unknown, receivedAtMilliseconds: now, deliveryID: id)
        let admission = route.admit(bare, arrival)
        var scratch = RouteScratch()
        let outcome = route.handle(request, arrival, from: .head, scratch: &scratch)
        if let refusal = admission?.refusal {
            require(
                outcome.refusal?.code == refusal.code && outcome.refusal?.reason == refusal.reason,
                "\(subject.name): the head is refused as \(refusal), and the request is not: \(outcome)")
            return
        }
        let account = route.verificationAccount(of: request, receivedAtMilliseconds: now)
        switch outcome {
        case .store, .acknowledged:
            require(account.outcome == .valid, "\(subject.name) is accepted, and explained as \(account.outcome)")
            require(
                !subject.signsBody || request.body.array == subject.body,
                "\(subject.name) is accepted with another body: \(String(decoding: request.body.array, as: UTF8.self))")
        case .refused(let code, let reason) where signatureCodes.contains(code):
            require(
                account.outcome == .refused(code, reason: reason),
                "\(subject.name) is refused as \(code) \(reason), and explained as \(account.outcome)")
        default: break
        }
    }

    /// Ends with a message, which `precondition` leaves out of an optimized build.
    private static func require(_ holds: Bool, _ message: @autoclosure () -> String) {
        if !holds { fatalError(message()) }
    }

    private static let signatureCodes: Set<ErrorCode> = [.signatureMissing, .signatureInvalid, .signatureExpired]
}
