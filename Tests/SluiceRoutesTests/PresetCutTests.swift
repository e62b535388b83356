import SluiceBase
import SluiceJSON
import SluiceRouteFiles
import SluiceRoutes
import SluiceYAML
import TestSupport
import Testing

/// The signed texts of the presets are cut at random into other requests: at most one of them passes.
///
/// Each scheme is made from what the preset says: its values keep their order, separators, formats and alternatives,
/// and each is in a header, a query parameter or a field.
@Suite(.serialized) struct PresetCutTests {
    @Test("of all requests with one signed text of a preset at most one passes", arguments: PresetCut.all)
    func presets(scheme: PresetCut) throws {
        let route = try route(scheme.file)
        var random = SeededRandom(seed: 15)
        var passed = [Int](repeating: 0, count: scheme.cuts.count)
        for number in 0..<60 {
            let cut = number % scheme.cuts.count
            passed[cut] += try attack(scheme, from: cut, route, &random)
        }
        #expect(passed.allSatisfy { $0 > 5 }, "too little was tried: \(passed) requests of \(scheme.file)")
    }

    @Test("each preset that signs more than the body is tried, or named as ambiguous")
    func complete() {
        let tried = PresetCut.all.flatMap(\.names)
        #expect(Set(tried).isDisjoint(with: PresetCut.ambiguous) && tried.count > 60)
        let left = ProviderCatalog.names.filter { PresetCut.templates(of: $0).contains { $0 != "${body}" } }
        #expect(Set(left).subtracting(tried) == Set(PresetCut.ambiguous))
    }

    @Test("the files in routes/ sign as presets do, which are tried here, or only the body")
    func shippedRoutes() throws {
        for file in try RouteFiles.read(folder: ShippedRoutesTests.folder) {
            let json = try #require(YAMLDocument.parse(file.bytes, file: file.name).root?.json)
            guard case .array(let routes)? = JSONTree(Array(json.utf8))?["routes"] else {
                Issue.record("\(file.name) has no routes")
                continue
            }
            for route in routes {
                if case .array? = route["verify"] { Issue.record("\(file.name) has alternatives of its own") }
                #expect(route["verify"]?["signed"] == nil, "\(file.name)")
            }
        }
    }

    /// - Returns: 1 if the request passed whose text was cut, or else 0.
    private func attack(
        _ scheme: PresetCut, from index: Int, _ route: Route, _ random: inout SeededRandom
    ) throws -> Int {
        let cut = scheme.cuts[index]
        var first: SignedCut.Values?
        var (text, digest) = ([UInt8](), (name: "", value: ""))
        var found: Set<String> = []
        // Most of what is made at random does not pass.
        for _ in 0..<30 where first == nil {
            let values = scheme.values(&random).filter { name, _ in cut.parts.contains(.value(name)) }
            text = cut.text(values)
            digest = (name: "X-Signature", value: signature(text, "a secret of tests"))
            if let request = scheme.request(values, signature: digest), request.passes(route) { first = values }
        }
        if let first { found.insert(scheme.identity(first)) }
        var results: Set<String> = []
        for _ in 0..<25 {
            for cut in scheme.cuts {
                guard let values = cut.values(of: text, choose: { Int.random(in: 0..<$0, using: &random) }),
                    let request = scheme.request(values, behind: first, signature: digest), request.passes(route)
                else { continue }
                found.insert(scheme.identity(values))
                // With elements that are signed one by one, the body is another one.
                guard !scheme.isPerItem else { continue }
                for sent in [request, request.changed { Int.random(in: 0..<$0, using: &random) }] {
                    guard let result = TestRequest(sent).result(of: route) else { continue }
                    if !result.contains("content_encoding") { results.insert(result) }
                }
            }
        }
        #expect(found.count <= 1 && results.count <= 1, "\(scheme.file)\n\(text)\n\(found)\n\(results)")
        return first == nil ? 0 : 1
    }
}

/// The signed texts of a preset with values that can be put anywhere.
struct PresetCut: CustomTestStringConvertible {
    /// The presets that sign like this.
    fileprivate(set) var names: [String]
    let cuts: [SignedCut]
    let file: String
    private let format: String
    /// Whether each element of an array is signed by itself.
    let isPerItem: Bool

    var testDescription: String { names.joined(separator: ", ") }

    /// One for each way to sign, of those that sign more than the body.
    static let all: [PresetCut] = ProviderCatalog.names.reduce(into: []) { all, name in
        guard templates(of: name).contains(where: { $0 != "${body}" }), !ambiguous.contains(name) else { return }
        let cut = PresetCut(name)
        if let index = all.firstIndex(where: { $0.file == cut.file }) {
            all[index].names.append(name)
        } else {
            all.append(cut)
        }
    }

    /// Whose own design lets one text mean several requests, as their notes say.
    static let ambiguous = [
        // Names and values of a form are joined without anything between them.
        "twilio", "plivo",
        // Each & and = of a value is signed as _: see SignedFormTests.
        "vonage-sms",
        // A payload is signed with or without a line feed at its end.
        "braintree",
    ]

    /// `signed` of all alternatives; none of a preset whose requests carry the secret or a token.
    static func templates(of name: String) -> [String] { alternatives(name).flatMap(templates) }

    private static func templates(_ alternative: JSONTree) -> [String] {
        guard let algorithm = alternative["alg"]?.string, !["static", "basic", "jwt"].contains(algorithm) else {
            return []
        }
        switch alternative["signed"] {
        case .array(let texts)?: return texts.compactMap(\.string)
        case .text(let text)?: return [text]
        default: return ["${body}"]
        }
    }

    private static func preset(_ name: String) -> JSONTree? {
        let text = ProviderCatalog.text(of: name).map { "\($0)" } ?? ""
        let json = YAMLDocument.parse(Array(text.utf8), file: name).root?.json ?? ""
        return JSONTree(Array(json.utf8))
    }

    private static func alternatives(_ name: String) -> [JSONTree] {
        switch preset(name)?["verify"] {
        case .array(let alternatives)?: return alternatives
        case .object(let members)?: return [.object(members)]
        default: return []
        }
    }

    private init(_ name: String) {
        names = [name]
        var renaming = Renaming()
        var verify: [String] = []
        var cuts: [SignedCut] = []
        let alternatives = Self.alternatives(name)
        format = alternatives.compactMap { $0["timestamp_format"]?.string }.first ?? "unix"
        isPerItem = alternatives.contains { $0["each"] != nil }
        for alternative in alternatives {
            for template in Self.templates(alternative) {
                let signed = renaming.rename(template)
                let line = Self.line(signed, alternative, format: format, &renaming)
                guard !verify.contains(line) else { continue }
                verify.append(line)
                cuts.append(SignedCut(signed))
            }
        }
        self.cuts = cuts
        file =
            "routes:\n- path: /hook\n  public_url: https://example.com\n  methods: [POST, PUT]\n  body: "
            + (renaming.readsFields ? "json" : Self.preset(name)?["body"]?.string ?? "auto") + "\n  verify:\n"
            + verify.map { "  - \($0)\n" }.joined()
            + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
    }

    private static func line(
        _ signed: String, _ alternative: JSONTree, format: String, _ renaming: inout Renaming
    ) -> String {
        let text = JSONTree.text(signed).json
        let place = alternative["each"] == nil ? "header.X-Signature" : "item.signature}', each: '${body.items[]"
        var line = "{ alg: hmac-sha256, signature_from: '${\(place)}', signed: \(text)"
        line += CutScheme.Alternative.lines(
            for: signed, format: format, idPattern: signed.contains("${id}") ? alternative["id_pattern"]?.string : nil)
        if signed.contains("${timestamp}") { line += ", tolerance: 0" }
        if let open = alternative["signed_open"]?.string { line += ", signed_open: '\(renaming.rename(open))'" }
        if case .object(let members)? = alternative["require"] {
            let absent = members.filter { $0.value == .null }.map {
                "'\(renaming.rename("${" + $0.key + "}").dropFirst(2).dropLast())': null"
            }
            if !absent.isEmpty { line += ", require: { \(absent.joined(separator: ", ")) }" }
        }
        return line + " }"
    }
}

extension PresetCut {
    /// Gives the values of a preset names that say where a test puts them.
    private struct Renaming {
        private var names: [String: String] = [:]
        private(set) var readsFields = false

        mutating func rename(_ template: String) -> String {
            var result = ""
            for (index, piece) in template.split(separator: "${", omittingEmptySubsequences: false).enumerated() {
                guard index > 0, let end = piece.firstIndex(of: "}") else {
                    result += piece
                    continue
                }
                let name = piece[..<end].split(separator: " ??")[0]
                result += place(of: String(name)) + piece[piece.index(after: end)...]
            }
            return result
        }

        private mutating func place(of name: String) -> String {
            for prefix in ["lower.", "escaped."] where name.hasPrefix(prefix) {
                return place(of: String(name.dropFirst(prefix.count))).replacing("${", with: "${" + prefix)
            }
            switch name {
            case "body", "base64.body": return "${body}"
            case "timestamp", "id", "method", "url", "target", "path", "url.without_query": return "${\(name)}"
            case "key": return "KEY"
            case _ where name.hasPrefix("account."): return "ACCOUNT"
            case _ where name.hasPrefix("body.") || name.hasPrefix("item."):
                readsFields = true
                return "${\(name.prefix(4)).\(short(name, "f"))}"
            case _ where name.hasPrefix("query"): return "${query.\(short(name, "q"))}"
            // Digests, too: those of other bodies could be anything.
            default: return "${header.X-\(short(name, "h"))}"
            }
        }

        private mutating func short(_ name: String, _ letter: String) -> String {
            if let known = names[name] { return known }
            names[name] = letter + String(names.count)
            return names[name] ?? ""
        }
    }

    /// Values in which separators, times, ids and the constant parts of the texts stand where they could be taken for
    /// the scheme's own. Where there are many values, most are plain: only the free one may contain a separator.
    func values(_ random: inout SeededRandom) -> SignedCut.Values {
        let times = [
            "rfc3339": ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.5+01:00"], "unix_ms": ["1700000000000"],
            "unix_or_ms": ["1700000000", "1700000000000"],
            "http_date": ["Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:21 GMT"],
        ][format, default: ["1700000000"]]
        let ids = ["00ff", "m1", String(repeating: "0", count: 36), String(repeating: "1", count: 20)]
        let constants = cuts.flatMap(\.parts).compactMap { if case .literal(let text) = $0 { text } else { nil } }
        func pick(_ texts: [String]) -> String { texts.randomElement(using: &random) ?? "" }
        let some = [".", ":", "|", "\n", "00ff", "a", "{", "}", "[1]", "-", "\\"] + times + ids + constants
        let separators = Set(constants.flatMap { [$0.utf8.first, $0.utf8.last] })
        let plain = some.filter { word in !word.utf8.contains { separators.contains($0) } }
        let names = Set(cuts.flatMap(\.parts).compactMap { if case .value(let name) = $0 { name } else { nil } })
        var isPlain = false
        func words(_ count: ClosedRange<Int>) -> String {
            (0..<Int.random(in: count, using: &random)).map { _ in pick(isPlain ? plain : some) }.joined()
        }
        var values: SignedCut.Values = [:]
        for name in names.sorted() {
            isPlain = Int.random(in: 0..<names.count, using: &random) > 1
            let value =
                switch name {
                case "method": pick(CutRequest.methods)
                case "url": "https://example.com/hook" + pick(["", "?", "?x="]) + words(0...2)
                case "target": "/hook" + pick(["", "?", "?x="]) + words(0...2)
                case "path": "/hook"
                case "url.without_query": "https://example.com/hook"
                case "id": pick(ids)
                case "timestamp": pick(times)
                case "body": pick(["{", "", "["]) + words(0...6) + pick(["}", "", "]"])
                case _ where name.hasPrefix("escaped."): Self.escaped(words(0...1))
                default: words(0...3)
                }
            values[name] = Array(value.utf8)
        }
        return values
    }

    /// What of the values a request has: a value that is signed in lower case is as good as another.
    func identity(_ values: SignedCut.Values) -> String {
        let plain = values.map { name, value in
            let text = String(decoding: value, as: UTF8.self).debugDescription
            return name.hasPrefix("lower.") ? "\(name.dropFirst(6))=\(text)" : "\(name)=\(text)"
        }
        return plain.sorted().joined(separator: " ")
    }

    /// - Parameter first: the element before that of the values, where each is signed by itself.
    /// - Returns: `nil` where a value cannot stand where it should.
    func request(
        _ values: SignedCut.Values, behind first: SignedCut.Values? = nil, signature: (name: String, value: String)
    ) -> CutRequest? {
        func text(_ value: [UInt8]) -> String { String(decoding: value, as: UTF8.self) }
        if isPerItem {
            let items = [first, values].compactMap(\.self).map { values in
                let fields = values.map {
                    JSONTree.Member(key: String($0.key.dropFirst(5)), value: .text(text($0.value)))
                }
                return JSONTree.object(fields + [.init(key: "signature", value: .text(signature.value))])
            }
            let body = JSONTree.object([.init(key: "items", value: .array(items))])
            return CutRequest(["body": Array(body.json.utf8)], signature: signature)
        }
        var fields: [JSONTree.Member] = []
        var query: [String] = []
        var plain: SignedCut.Values = [:]
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            if name.contains("body.f") {
                guard let text = name.hasPrefix("escaped.") ? Self.unescaped(text(value)) : text(value) else {
                    return nil
                }
                fields.append(.init(key: String(name.split(separator: ".").last ?? ""), value: .text(text)))
            } else if name.contains("query.q") {
                let encoded = value.map { "%" + Hex.encode([$0]) }.joined()
                query.append("\(name.split(separator: ".").last ?? "")=\(encoded)")
            } else if name == "path" || name == "url.without_query" {
                guard text(value) == (name == "path" ? "/hook" : "https://example.com/hook") else { return nil }
            } else if name == "target" {
                plain["url"] = Array("https://example.com".utf8) + value
            } else {
                plain[name] = value
            }
        }
        guard var request = CutRequest(plain, signature: signature) else { return nil }
        if !fields.isEmpty { request.body = Array(JSONTree.object(fields).json.utf8) }
        if !query.isEmpty { request.target += "?" + query.joined(separator: "&") }
        return request
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing(":", with: "\\:")
    }

    private static func unescaped(_ text: String) -> String? {
        var result = ""
        var isEscaped = false
        for character in text.unicodeScalars {
            if !isEscaped, character == "\\" {
                isEscaped = true
                continue
            }
            isEscaped = false
            result.unicodeScalars.append(character)
        }
        return escaped(result) == text ? result : nil
    }
}

extension CutRequest {
    /// Whether a route finds the signature valid.
    func passes(_ route: Route) -> Bool { TestRequest(self).passes(route) }
}

extension TestRequest {
    /// Whether a route finds the signature valid.
    func passes(_ route: Route) -> Bool {
        withView { view in
            var scratch = RouteScratch()
            switch route.handle(view, arrival(), from: .signature, scratch: &scratch).refusal?.code {
            case .signatureMissing?, .signatureInvalid?, .signatureExpired?: return false
            default: return true
            }
        }
    }
}
