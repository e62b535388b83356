import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import TestSupport
import Testing

/// Signed texts are cut at random into other requests, which are sent with other content types and codings: at most one
/// of them passes, and it always becomes the same.
@Suite(.serialized) struct SignatureCutPropertyTests {
    private static let secret = "a secret of tests"

    @Test(
        "of all requests with one signed text at most one passes, for random schemes that check accepts",
        arguments: 0..<12)
    func random(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var tried = Tried()
        // Some of the schemes are refused by check, and some of their requests at run time.
        for _ in 0..<20 {
            let scheme = CutScheme(using: &random)
            let compilation = compile([("r.yaml", scheme.file)])
            guard let route = compilation.table?.routes.first else {
                #expect(
                    compilation.problems.allSatisfy { $0.message.contains("without a clear boundary") },
                    "\(scheme.file)\n\(compilation.problems)")
                continue
            }
            for _ in 0..<6 { tried.add(attack(scheme, route, &random)) }
        }
        #expect(tried.passed >= 5 && tried.cuts >= 50, "too little was tried: \(tried)")
        #expect(tried.changed >= 5, "no request was sent with another content type: \(tried)")
    }

    private struct Tried {
        var passed = 0
        /// The requests with one text.
        var cuts = 0
        /// Those that passed, with other headers.
        var changed = 0
        /// Those with the text of another alternative.
        var byOther = 0

        mutating func add(_ other: Tried) {
            passed += other.passed
            cuts += other.cuts
            changed += other.changed
            byOther += other.byOther
        }
    }

    private func attack(_ scheme: CutScheme, _ route: Route, _ random: inout SeededRandom) -> Tried {
        let first = Int.random(in: scheme.alternatives.indices, using: &random)
        let alternative = scheme.alternatives[first]
        let signed = scheme.values(of: alternative, using: &random)
        let text = alternative.cut.text(signed)
        let digest = ("X-Signature", signature(text, Self.secret))
        var tried = Tried()
        var results: Set<String> = []
        for number in 0..<60 {
            let position = number == 0 ? first : Int.random(in: scheme.alternatives.indices, using: &random)
            let values =
                number == 0
                ? signed
                : scheme.alternatives[position].cut.values(of: text) { Int.random(in: 0..<$0, using: &random) }
            guard let values, let request = CutRequest(values, signature: digest) else { continue }
            tried.cuts += 1
            guard let result = TestRequest(request).result(of: route) else { continue }
            tried.passed = 1
            // Another alternative may accept it, which does not sign all of these values.
            let accepted = TestRequest(request).alternative(of: route)
            guard accepted == nil || accepted == position + 1 else { continue }
            tried.byOther += position == first ? 0 : 1
            let identity = scheme.identity(of: values, request)
            results.insert("\(identity) \(result)")
            for _ in 0..<4 {
                let changed = request.changed { Int.random(in: 0..<$0, using: &random) }
                guard let result = TestRequest(changed).result(of: route), !result.contains("content_encoding") else {
                    continue
                }
                tried.changed += 1
                results.insert("\(identity) \(result)")
            }
        }
        #expect(results.count <= 1, "\(scheme.file)\n\(String(decoding: text, as: UTF8.self))\n\(results)")
        return tried
    }
}

extension TestRequest {
    init(_ request: CutRequest) {
        method = request.method
        target = request.target
        headers = request.headers
        body = request.body
    }

    /// The number of the alternative that finds it valid, from 1; `nil` if there is only one.
    func alternative(of route: Route) -> Int? {
        withView { route.verificationAccount(of: $0, receivedAtMilliseconds: TestRequest.now).alternative?.number }
    }

    /// What a request becomes: its jobs and dead letters, with their payloads and unique keys; `nil` if its signature
    /// is refused.
    func result(of route: Route) -> String? {
        withView { view in
            var scratch = RouteScratch()
            let outcome = route.handle(view, arrival(), from: .head, scratch: &scratch)
            switch outcome.refusal?.code {
            case .signatureMissing?, .signatureInvalid?, .signatureExpired?: return nil
            default: break
            }
            guard let delivery = outcome.delivery else { return outcome.summary }
            let jobs = delivery.jobs.map { "\($0.type) \(String(decoding: $0.payload, as: UTF8.self))" }
            let key = delivery.key.map { "\($0)" } ?? ""
            return "\(jobs) \(delivery.deadLetters.map(\.reason)) \(key)"
        }
    }
}
