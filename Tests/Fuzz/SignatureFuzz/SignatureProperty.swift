internal import SluiceBase
internal import SluiceCrypto
internal import SluiceRouteFiles
internal import SluiceRoutes
internal import Synchronization
internal import TestSupport

/// Of all requests that a signed text can be cut into at most one passes, and it becomes the same with any content
/// type.
enum SignatureProperty {
    private static let secret = "a secret of the fuzzer"
    private static let now: Int64 = 1_700_000_000_123

    private typealias Compiled = (scheme: CutScheme, route: Route)

    /// Schemes that chance seldom makes; the numbers of the first random ones follow.
    private static let fixed: [CutScheme] = [
        scheme("${timestamp}.${body}"), scheme("v0:${timestamp}:${body}"), scheme("${id}.${timestamp}.${body}"),
        scheme("${timestamp}${body}"), scheme("${timestamp}${body}", format: "rfc3339"),
        scheme("${id}${timestamp}${body}", format: "rfc3339"),
        scheme("${id}${timestamp}${body}", pattern: "[a-z0-9.-]{4}"),
        scheme("${body}${timestamp}", format: "unix_ms"), scheme("${header.X-More}|${body}..${timestamp}"),
        scheme("${id}:${body}:${header.X-More}"), scheme("${url}${body}"), scheme("${body}${url}"),
        scheme("POST${url}${body}${timestamp}", format: "unix_ms"), scheme("${header.X-More}\n${id}\n${body}"),
        scheme("a\n${body}\nb\n${header.X-More}", more: ", signed_open: '${body}'"),
        scheme("id:${id};ts:${timestamp};${body}", format: "unix_or_ms"),
        scheme("${body}${timestamp}", format: "http_date"),
    ]

    private static func scheme(
        _ signed: String, format: String = "unix", pattern: String? = nil, more: String = ""
    ) -> CutScheme {
        CutScheme(
            [CutScheme.Alternative(signed: signed, format: format, idPattern: pattern, more: more)],
            lines: ["body: bytes"])
    }

    /// Those that were used recently; `nil` for a scheme that `check` refuses.
    private static let compiled = Mutex<[UInt64: Compiled?]>([:])
    private static let mostCompiled = 2000

    private static func compiled(_ number: UInt64) -> Compiled? {
        if let known = compiled.withLock({ $0[number] }) { return known }
        var random = SeededRandom(seed: number)
        let scheme = number < UInt64(fixed.count) ? fixed[Int(number)] : CutScheme(using: &random)
        let compilation = RouteTable.compile(
            [RouteFile(name: "r.yaml", bytes: Array(scheme.file.utf8))], secretFiles: SecretFiles(folder: "."),
            environment: ["SECRET": secret])
        let route = compilation.table?.routes.first
        precondition(route != nil || number >= UInt64(fixed.count), "\(compilation.problems)")
        let found = route.map { (scheme, $0) }
        compiled.withLock { known in
            if known.count >= mostCompiled { known.removeAll() }
            known[number] = found
        }
        return found
    }

    static func check(scheme number: UInt64, cuts: [[UInt8]], text: [UInt8]) {
        guard let (scheme, route) = compiled(number) else { return }
        let digest = HMACKey(.sha256, key: Array(secret.utf8).span).authenticate(text.span).hex
        var results: Set<String> = []
        for cut in cuts {
            let position = Int(cut[0]) % scheme.alternatives.count
            let alternative = scheme.alternatives[position]
            var next = 2
            let values = alternative.cut.values(of: text) { count in
                defer { next = next == 7 ? 2 : next + 1 }
                return Int(cut[next]) % count
            }
            guard let values, let request = CutRequest(values, signature: ("X-Signature", digest)) else { continue }
            for sent in [request, request.changed { Int(cut[1]) % $0 }] {
                guard let result = result(of: sent, position, route) else { continue }
                results.insert("\(scheme.identity(of: values, request)) \(result)")
            }
        }
        precondition(results.count <= 1, "One signature is valid for several requests: \(scheme.file) \(results)")
    }

    /// What the request becomes; `nil` if its signature, or a content coding, is refused, or if another alternative
    /// accepts it, which does not sign all of its values.
    private static func result(of request: CutRequest, _ position: Int, _ route: Route) -> String? {
        let headers = request.headers.map { RequestToSign.Header($0.name, $0.value) }
        let request = RequestToSign(
            method: request.method, target: request.target, headers: headers, body: request.body)
        return request.withView { view in
            var scratch = RouteScratch()
            let arrival = RequestArrival(sender: .unknown, receivedAtMilliseconds: now, deliveryID: "")
            let outcome = route.handle(view, arrival, from: .head, scratch: &scratch)
            switch outcome.refusal?.code {
            case .signatureMissing?, .signatureInvalid?, .signatureExpired?, .contentEncodingNotSupported?: return nil
            case let code?: return code.rawValue
            case nil: break
            }
            let accepted = route.verificationAccount(of: view, receivedAtMilliseconds: now).alternative?.number
            guard accepted == nil || accepted == position + 1 else { return nil }
            guard case .store(let delivery, _) = outcome else { return "\(outcome)" }
            let jobs = delivery.jobs.map { "\($0.type) \(String(decoding: $0.payload, as: UTF8.self))" }
            let keys = delivery.parts.map { part in part.key.map { "\($0)" } ?? "" }
            return "\(jobs) \(delivery.deadLetters.map(\.reason)) \(keys)"
        }
    }
}
