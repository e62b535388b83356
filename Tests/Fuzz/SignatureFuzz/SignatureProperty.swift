internal import SluiceBase
internal import SluiceCrypto
internal import SluiceRouteFiles
internal import SluiceRoutes

/// Of all requests that a signed text can be cut into at most one passes.
enum SignatureProperty {
    private static let secret = "a secret of the fuzzer"
    private static let now: Int64 = 1_700_000_000_123

    /// A text that is signed: values with literals between them.
    private struct Scheme {
        /// `literals[0] values[0] literals[1] values[1] …`
        let literals: [[UInt8]]
        let values: [String]
        let route: Route
    }

    private static let schemes: [Scheme] = [
        scheme(["", "."], ["timestamp", "body"]), scheme(["v0:", ":"], ["timestamp", "body"]),
        scheme(["", ".", "."], ["id", "timestamp", "body"]), scheme(["", ""], ["timestamp", "body"]),
        scheme(["", ""], ["timestamp", "body"], format: "rfc3339"),
        scheme(["", "", ""], ["id", "timestamp", "body"], format: "rfc3339"),
        scheme(["", "", ""], ["id", "timestamp", "body"], pattern: "[a-z0-9.-]{4}"),
        scheme(["", ""], ["body", "timestamp"], format: "unix_ms"),
        scheme(["", "|", ".."], ["header.X-More", "body", "timestamp"]),
        scheme(["", ":", ":"], ["id", "body", "header.X-More"]),
        scheme(["", ""], ["url", "body"]), scheme(["", ""], ["body", "url"]),
        scheme(["POST", "", ""], ["url", "body", "timestamp"], format: "unix_ms"),
        scheme(["", "\n", "\n"], ["header.X-More", "id", "body"]),
        scheme(["a\n", "\nb\n"], ["body", "header.X-More"], more: "signed_open: '${body}'"),
        scheme(["id:", ";ts:", ";"], ["id", "timestamp", "body"], format: "unix_or_ms"),
    ]

    private static func scheme(
        _ literals: [String], _ values: [String], format: String = "unix", pattern: String? = nil,
        more: String? = nil
    ) -> Scheme {
        let signed = zip(literals, values).map { "\($0)${\($1)}" }.joined().replacing("\n", with: "\\n")
        var verify =
            "alg: hmac-sha256, signature_from: '${header.X-Signature}', signed: \"\(signed)\""
            + (more.map { ", \($0)" } ?? "")
        if values.contains("timestamp") {
            verify += ", timestamp_from: '${header.X-Time}', tolerance: 0, timestamp_format: \(format)"
        }
        if values.contains("id") {
            verify += ", id_from: '${header.X-Id}'" + (pattern.map { ", id_pattern: '\($0)'" } ?? "")
        }
        let text =
            "routes:\n- path: /h\n  public_url: https://h\n  body: bytes\n  verify: { \(verify) }\n  secrets: [ { "
            + "env: SECRET } ]\n  jobs: [ { type: t } ]\n"
        let compilation = RouteTable.compile(
            [RouteFile(name: "r.yaml", bytes: Array(text.utf8))], secretFiles: SecretFiles(folder: "."),
            environment: ["SECRET": secret])
        guard let route = compilation.table?.routes.first else { preconditionFailure("\(compilation.problems)") }
        return Scheme(literals: literals.map { Array($0.utf8) }, values: values, route: route)
    }

    static func check(scheme index: Int, cuts: [[UInt8]], text: [UInt8]) {
        let scheme = schemes[index % schemes.count]
        let digest = HMACKey(.sha256, key: Array(secret.utf8).span).authenticate(text.span).hex
        var passed: [[UInt8]]?
        for cut in cuts {
            guard let values = values(of: text, scheme, cut), passes(values, scheme, digest) else { continue }
            precondition(passed == nil || passed == values, "One signature holds for two requests.")
            passed = values
        }
    }

    /// Cuts the text where its literals stand, at that of their occurrences which the byte selects.
    private static func values(of text: [UInt8], _ scheme: Scheme, _ cuts: [UInt8]) -> [[UInt8]]? {
        var rest = text[...]
        var values: [[UInt8]] = []
        for (index, literal) in scheme.literals.enumerated() {
            guard rest.starts(with: literal) else { return nil }
            rest = rest.dropFirst(literal.count)
            guard index + 1 < scheme.literals.count else { break }
            let next = scheme.literals[index + 1]
            let ends = (rest.startIndex...rest.endIndex).filter { rest[$0...].starts(with: next) }
            guard !ends.isEmpty else { return nil }
            let end = ends[Int(cuts[index]) % ends.count]
            values.append(Array(rest[..<end]))
            rest = rest[end...]
        }
        return values + [Array(rest)]
    }

    /// - Returns: `nil` for what is not a URL of the route.
    private static func target(of url: [UInt8]) -> String? {
        let text = String(decoding: url, as: UTF8.self)
        guard text == "https://h/h" || text.hasPrefix("https://h/h?"), url.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            return nil
        }
        return String(text.dropFirst("https://h".count))
    }

    private static func passes(_ values: [[UInt8]], _ scheme: Scheme, _ digest: String) -> Bool {
        var request = RequestToSign(target: "/h", headers: [.init("X-Signature", digest)], body: [])
        for (name, value) in zip(scheme.values, values) {
            guard name != "body" else {
                request.body = value
                continue
            }
            if name == "url" {
                guard let target = target(of: value) else { return false }
                request.target = target
                continue
            }
            // A header holds text without control characters, and none at its ends that HTTP strips.
            guard value.allSatisfy({ 0x21...0x7E ~= $0 }) else { return false }
            let header = name == "id" ? "X-Id" : name == "timestamp" ? "X-Time" : "X-More"
            request.headers.append(.init(header, String(decoding: value, as: UTF8.self)))
        }
        return request.withView { view in
            var scratch = RouteScratch()
            let arrival = RequestArrival(sender: .unknown, receivedAtMilliseconds: now, deliveryID: "")
            let outcome = scheme.route.handle(view, arrival, from: .signature, scratch: &scratch)
            switch outcome.refusal?.code {
            case .signatureMissing?, .signatureInvalid?, .signatureExpired?: return false
            default: return true
            }
        }
    }
}
