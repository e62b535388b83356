internal import SluiceBase

/// A route with a signature over values from headers, the query and the body, perhaps with alternatives, and random
/// requests for it.
package struct CutScheme: Sendable {
    /// A signed text, and the lines of `verify` that it needs.
    package struct Alternative: Sendable {
        package let cut: SignedCut
        fileprivate let format: String
        fileprivate let line: String

        /// - Parameters:
        ///   - format: of the timestamp.
        ///   - idPattern: `nil` for the default.
        ///   - more: further lines of `verify`.
        package init(signed: String, format: String = "unix", idPattern: String? = nil, more: String = "") {
            cut = SignedCut(signed)
            self.format = format
            let text = signed.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            line =
                "{ alg: hmac-sha256, signature_from: '${header.X-Signature}', signed: \"\(text)\""
                + Self.lines(for: signed, format: format, idPattern: signed.contains("${id}") ? idPattern : nil)
                + (signed.contains("${timestamp}") ? ", tolerance: 0" : "") + "\(more) }"
        }

        /// The keys of `verify` that a signed text needs, each after a comma.
        package static func lines(for signed: String, format: String, idPattern: String?) -> String {
            var lines = ""
            if signed.contains("${timestamp}") {
                lines += ", timestamp_from: '${header.X-Time}', timestamp_format: \(format)"
            }
            if signed.contains("${id}") { lines += ", id_from: '${header.X-Id}'" }
            if let idPattern { lines += ", id_pattern: '\(idPattern)'" }
            return lines
        }
    }

    package let alternatives: [Alternative]
    /// A route file with the one route.
    package let file: String

    /// - Parameter lines: of the route, such as `body: text`.
    package init(_ alternatives: [Alternative], lines: [String]) {
        self.alternatives = alternatives
        file =
            "routes:\n- path: /hook\n  public_url: https://example.com\n  methods: [POST, PUT]\n"
            + lines.map { "  \($0)\n" }.joined() + "  verify:\n" + alternatives.map { "  - \($0.line)\n" }.joined()
            + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
    }

    /// A random route, which `check` may refuse.
    package init(using random: inout some RandomNumberGenerator) {
        let alternatives = (0..<[1, 1, 2, 2, 3][Int.random(in: 0..<5, using: &random)]).map { _ in
            Self.alternative(using: &random)
        }
        self.init(alternatives, lines: Self.lines(for: alternatives.map(\.cut), using: &random))
    }

    /// Random lines of a route: the kind of its bodies, gzip, and a unique key of something that each alternative
    /// signs.
    package static func lines(for cuts: [SignedCut], using random: inout some RandomNumberGenerator) -> [String] {
        let values = cuts.map { Set($0.parts.compactMap { if case .value(let name) = $0 { name } else { nil } }) }
        let readsFields = values.contains { $0.contains("body.f") }
        let kinds = readsFields ? ["json", "auto"] : ["auto", "json", "form", "text", "bytes"]
        var lines = ["body: \(kinds[Int.random(in: 0..<kinds.count, using: &random)])"]
        if !readsFields, Int.random(in: 0..<4, using: &random) == 0 { lines.append("gzip: true") }
        var keys = ["${sha256.body}"]
        if values.allSatisfy({ $0.contains("id") }) { keys += ["${header.X-Id}", "${header.X-Id}"] }
        let key = Int.random(in: 0...keys.count, using: &random)
        if key < keys.count { lines.append("unique_key: \(keys[key])") }
        return lines
    }

    private static func alternative(using random: inout some RandomNumberGenerator) -> Alternative {
        func pick<Element>(_ elements: [Element], _ random: inout some RandomNumberGenerator) -> Element {
            elements[Int.random(in: 0..<elements.count, using: &random)]
        }
        let body = pick(["${body}", "${body}", "${body}", "${base64.body}", "${body.f}"], &random)
        let header = pick(["${header.X-More}", "${header.X-More}", "${header.Content-Type}"], &random)
        let target = pick(["${query.q}", "${url}"], &random)
        var parts = [body, "${id}", "${timestamp}", header, target, "${method}"].shuffled(using: &random)
        parts = Array(parts.prefix(Int.random(in: 1...4, using: &random)))
        // Most senders sign the body.
        if !parts.contains(body), Int.random(in: 0..<3, using: &random) > 0 { parts.append(body) }
        let separators = ["", "", ".", ".", ":", "|", "..", ".:"]
        var signed = pick(["", "", "v0:", "."], &random)
        for (index, part) in parts.enumerated() { signed += (index == 0 ? "" : pick(separators, &random)) + part }
        if Int.random(in: 0..<6, using: &random) == 0 {
            // Schemes of providers, which chance seldom makes.
            signed = pick(
                [
                    "${method}${url}${body}${timestamp}", "${url}${body}", "${body}${url}", "${body}",
                    "${timestamp}.${body}", "${id}.${timestamp}.${body}", "${timestamp}:${body}",
                    "${method}${url}${body}",
                ], &random)
        }
        return Alternative(
            signed: signed, format: pick(["unix", "unix", "unix_ms", "unix_or_ms", "rfc3339"], &random),
            idPattern: pick([nil, nil, "[0-9a-f.]{4}", "[A-Za-z0-9.:|_-]{1,64}"], &random))
    }
}

extension CutScheme {
    /// Values of an alternative's text in which separators, times, ids and literals stand where they could be taken for
    /// the scheme's own.
    package func values(of alternative: Alternative, using random: inout some RandomNumberGenerator) -> SignedCut.Values
    {
        let times = alternatives.flatMap { Self.times[$0.format, default: ["1700000000"]] }
        let some =
            [".", ":", "|", "v0:", "..", "00ff", "a", "{", "}", "[1]", "-", "m1", "=", "&", "a=1&b=2", "%7B"] + times
            + ["POST", "https://example.com/hook", "payload=%7B%7D", "{\"a\":1}", "eyJhIjoxfQ=="]
        func pick(_ texts: [String], _ random: inout some RandomNumberGenerator) -> String {
            texts[Int.random(in: 0..<texts.count, using: &random)]
        }
        func words(_ count: ClosedRange<Int>, _ random: inout some RandomNumberGenerator) -> String {
            var text = ""
            for _ in 0..<Int.random(in: count, using: &random) { text += pick(some, &random) }
            return text
        }
        var values: SignedCut.Values = [:]
        for case .value(let name) in alternative.cut.parts where values[name] == nil {
            let text =
                switch name {
                case "method": pick(CutRequest.methods, &random)
                case "url": "https://example.com/hook" + pick(["", "?", "?x="], &random) + words(0...2, &random)
                case "id": pick(["00ff", "m1", "a-b", "00f0", times[0], words(1...3, &random)], &random)
                case "timestamp": pick(Self.times[alternative.format, default: ["1700000000"]] + ["170"], &random)
                case "header.Content-Type": pick(Self.types, &random)
                case "base64.body": pick(["eyJhIjoxfQ==", "MTcwMDAwMDAwMC5h", "", "YT0x"], &random)
                case "body":
                    pick(["{", "", "[", "{\"a\":1}", "a=1"], &random) + words(0...6, &random)
                        + pick(["}", "", "]"], &random)
                default: words(0...4, &random)
                }
            values[name] = Array(text.utf8)
        }
        if values["body"] != nil, file.contains("gzip"), Int.random(in: 0..<3, using: &random) == 0 {
            values["body"] = GzipSample.fixed
        }
        return values
    }

    private static let times = [
        "rfc3339": ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.5+01:00"], "unix_ms": ["1700000000000"],
        "unix_or_ms": ["1700000000", "1700000000000"],
        "http_date": ["Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:21 GMT"],
    ]
    private static let types = ["application/json", "text/plain", "application/x-www-form-urlencoded", "a.b:c|d"]

    /// What must be the same in all requests with one signature: everything that is signed. With alternatives, one may
    /// sign a value that another one does not, but never another id, time or body.
    ///
    /// - Parameter request: with these values.
    package func identity(of values: SignedCut.Values, _ request: CutRequest) -> String {
        let signed =
            alternatives.count == 1 ? values : values.filter { $0.key == "id" || $0.key == "timestamp" }
        let texts = signed.filter { !$0.key.hasSuffix("body") }.map { name, value in
            "\(name)=\(String(decoding: value, as: UTF8.self).debugDescription)"
        }
        return (texts.sorted() + ["body=\(Hex.encode(request.body))"]).joined(separator: " ")
    }
}
