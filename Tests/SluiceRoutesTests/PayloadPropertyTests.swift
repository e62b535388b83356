import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Random payload mappings over random JSON, compared with what a slow and obvious reading of the rules gives.
@Suite(.serialized) struct PayloadPropertyTests {
    @Test("rendering agrees with the reference, for any mapping and body", arguments: 0..<40)
    func agrees(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let mapping = RandomMapping.make(&random, depth: 3)
        let route = try route(openRoute(rule: "payload: \(mapping.yaml)"))
        for _ in 0..<25 {
            let body = RandomJSON.make(&random, depth: 4)
            #expect(
                TestRequest(body).processed(by: route).payload == mapping.rendered(over: SlowJSON.parse(body)),
                "over \(body)")
        }
    }

    @Test("so does rendering each element, for any path of the elements", arguments: 0..<40)
    func agreesOnElements(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(1000 + seed))
        let steps = (0..<Int.random(in: 0..<4, using: &random)).map { _ in
            ["a", "b", "[]", "0", "[]"].randomElement(using: &random) ?? "a"
        }
        let mapping = RandomMapping.make(&random, depth: 2)
        let written = steps.map { Int($0) != nil ? "[\($0)]" : $0 == "[]" ? $0 : ".\($0)" }.joined()
        let payload = mapping.yaml.replacing("${body", with: "${item")
        let route = try route(openRoute("each: '${body\(written) ?? null}'", rule: "payload: \(payload)"))
        let path = steps.last == "[]" ? steps : steps + ["[]"]
        for _ in 0..<25 {
            let body = RandomJSON.make(&random, depth: 5)
            let expected = SlowJSON.parse(body).elements(at: path).map { mapping.rendered(over: $0) }
            let jobs = TestRequest(body).processed(by: route).delivery?.jobs ?? []
            #expect(jobs.map { String(decoding: $0.payload, as: UTF8.self) } == expected, "\(written) over \(body)")
        }
    }
}

/// JSON texts whose keys are few, so that references hit, with blanks, escapes and keys that stand twice.
enum RandomJSON {
    static let keys = ["a", "b", "odd key"]

    static func make(_ random: inout SeededRandom, depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 5), using: &random) {
        case 0: return ["null", "true", "false"].randomElement(using: &random) ?? "null"
        case 1: return ["0", "-1", "1.50", "1e3", "12345678901234567890", "-0.0"].randomElement(using: &random) ?? "0"
        case 2, 3, 4: return string(&random)
        case 5, 6:
            let elements = (0..<Int.random(in: 0..<4, using: &random)).map { _ in make(&random, depth: depth - 1) }
            return "[\(blank(&random))" + elements.joined(separator: ",\(blank(&random))") + "]"
        default:
            let members = (0..<Int.random(in: 0..<5, using: &random)).map { _ in
                let key = (keys + ["\\u0061", "\\u0062"]).randomElement(using: &random) ?? "a"
                return "\"\(key)\"\(blank(&random)):\(blank(&random))\(make(&random, depth: depth - 1))"
            }
            return "{\(blank(&random))" + members.joined(separator: ",") + "\(blank(&random))}"
        }
    }

    private static func string(_ random: inout SeededRandom) -> String {
        let pieces = [
            "x", "é", "🙂", "\\n", "\\\"", "\\\\", "\\u00e9", "\\ud83d\\ude42", "\\u0000", "\\/", " ", "${", "}",
            "${body.a}", "#",
        ]
        return "\""
            + (0..<Int.random(in: 0..<5, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined() + "\""
    }

    private static func blank(_ random: inout SeededRandom) -> String {
        ["", "", " ", "\n\t"].randomElement(using: &random) ?? ""
    }
}

/// A payload mapping that can be written as YAML, and rendered the slow way.
indirect enum RandomMapping {
    case plain(yaml: String, json: String)
    case text([Piece])
    case list([RandomMapping])
    case object([(key: String, value: RandomMapping)])

    enum Piece {
        case literal(String)
        case dollar
        case reference(path: [String], fallback: String?)
    }

    static func make(_ random: inout SeededRandom, depth: Int) -> RandomMapping {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 4), using: &random) {
        case 0:
            return [
                .plain(yaml: "1.50", json: "1.50"), .plain(yaml: "true", json: "true"),
                .plain(yaml: "null", json: "null"),
                .plain(yaml: "on", json: "\"on\""),
            ].randomElement(using: &random) ?? .text([])
        case 1, 2: return .text([reference(&random)])
        case 3: return .text((0..<Int.random(in: 1..<5, using: &random)).map { _ in piece(&random) })
        case 4, 5:
            return .list((0..<Int.random(in: 0..<4, using: &random)).map { _ in make(&random, depth: depth - 1) })
        default:
            return .object(
                (0..<Int.random(in: 0..<4, using: &random)).map {
                    (key: "k\($0)\"é", value: make(&random, depth: depth - 1))
                })
        }
    }

    private static func piece(_ random: inout SeededRandom) -> Piece {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: .dollar
        case 1: .literal(["x", "é \"q\" ", "\\", "$ ", " # ", "{ } "].randomElement(using: &random) ?? "")
        default: reference(&random)
        }
    }

    private static func reference(_ random: inout SeededRandom) -> Piece {
        let steps = ["a", "b", "odd key", "0", "1"]
        let path = (0..<Int.random(in: 0..<4, using: &random)).map { _ in steps.randomElement(using: &random) ?? "a" }
        let fallback = ["\"d\\\"é\"", "1.50", "null", nil, nil].randomElement(using: &random) ?? nil
        return .reference(path: path, fallback: fallback)
    }

    var yaml: String {
        switch self {
        case .plain(let yaml, _): yaml
        case .text(let pieces): "'" + pieces.map(\.written).joined().replacing("'", with: "''") + "'"
        case .list(let elements): "[" + elements.map(\.yaml).joined(separator: ", ") + "]"
        case .object(let members): "{" + members.map { "'\($0.key)': \($0.value.yaml)" }.joined(separator: ", ") + "}"
        }
    }

    func rendered(over body: SlowJSON) -> String {
        switch self {
        case .plain(_, let json): return json
        case .text(let pieces):
            if pieces.count == 1, case .reference(let path, let fallback) = pieces[0] {
                let found = body.value(at: path)
                return found == nil || found?.source == "null" ? fallback ?? "null" : found?.source ?? "null"
            }
            return SlowJSON.literal(pieces.map { $0.text(over: body) }.joined())
        case .list(let elements): return "[" + elements.map { $0.rendered(over: body) }.joined(separator: ",") + "]"
        case .object(let members):
            return "{"
                + members.map { SlowJSON.literal($0.key) + ":" + $0.value.rendered(over: body) }.joined(separator: ",")
                + "}"
        }
    }
}

extension RandomMapping.Piece {
    var written: String {
        switch self {
        case .literal(let text): return text
        case .dollar: return "$${"
        case .reference(let path, let fallback):
            let steps = path.map { step in
                if Int(step) != nil { return "[\(step)]" }
                return step.contains(" ") ? "[\"\(step)\"]" : ".\(step)"
            }
            return "${body" + steps.joined() + (fallback.map { " ?? \($0)" } ?? "") + "}"
        }
    }

    func text(over body: SlowJSON) -> String {
        switch self {
        case .literal(let text): return text
        case .dollar: return "${"
        case .reference(let path, let fallback):
            if let found = body.value(at: path), found.source != "null" { return found.text }
            return SlowJSON.parse(fallback ?? "null").text == "null" ? "" : SlowJSON.parse(fallback ?? "null").text
        }
    }
}
