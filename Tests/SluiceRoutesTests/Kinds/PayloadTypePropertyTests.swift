import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Random JSON under random types, compared with what a slow and obvious reading of the rules gives.
@Suite(.serialized) struct PayloadTypePropertyTests {
    @Test(
        "checking agrees with the reference, sentence by sentence, for any type and payload",
        arguments: 0..<60)
    func agrees(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let type = RandomType.make(&random, depth: 3)
        let route = try route(kindRoute(type.yaml))
        for _ in 0..<60 {
            let body = RandomJSON.make(&random, depth: 4)
            let expected = type.mismatch(in: SlowJSON.parse(body), at: "payload")
            let summary = expected.map { "dead letter payload_mismatch: \($0)" } ?? "stored"
            #expect(TestRequest(body).processed(by: route).summary == summary, "\(body) as \(type.yaml)")
        }
    }
}

/// Random JSON under random types, checked by a validator against the schema that `sluice kinds` prints.
@Suite(.serialized) struct KindSchemaPropertyTests {
    @Test("the schema agrees with the reference, except that it cannot say how an integer is written")
    func agrees() throws {
        var random = SeededRandom(seed: 7)
        let types = (0..<60).map { _ in RandomType.make(&random, depth: 3) }
        let kinds = types.enumerated().map { "  k\($0.offset): { payload: \($0.element.yaml) }\n" }.joined()
        let payloads = (0..<1200).map { ($0 % 60, RandomJSON.make(&random, depth: 4)) }
        let documents = payloads.enumerated().map { ("\($0.offset)", "{\"k\($0.element.0)\": \($0.element.1)}") }
        let schema = try KindSchema.takingOneOfEach("kinds:\n\(kinds)")
        let answer = try SchemaValidator.check(Dictionary(uniqueKeysWithValues: documents), against: schema)
        for (index, (kind, payload)) in payloads.enumerated() {
            let mismatch = types[kind].mismatch(in: SlowJSON.parse(payload), at: "payload")
            if mismatch?.hasSuffix("without fraction and exponent") == true { continue }
            let isValid = try #require(answer.verdicts["\(index)"]).mistakes.isEmpty
            #expect(isValid == (mismatch == nil), "\(payload) as \(types[kind].yaml): \(mismatch ?? "fits")")
        }
    }
}

/// A type that can be written as YAML, and applied the slow way.
private indirect enum RandomType {
    case named(String)
    case optional(String)
    case list(RandomType)
    case object([(key: String, isOptional: Bool, type: RandomType)])

    static func make(_ random: inout SeededRandom, depth: Int) -> RandomType {
        let names = ["string", "integer", "number", "boolean", "object", "array", "any"]
        let name = names.randomElement(using: &random) ?? "any"
        switch Int.random(in: 0..<(depth > 0 ? 8 : 3), using: &random) {
        case 0: return .named(name)
        case 1, 2: return .optional(name)
        case 3: return .list(make(&random, depth: depth - 1))
        default:
            let keys = RandomJSON.keys.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))
            return .object(
                keys.map { key in
                    (key: key, isOptional: Bool.random(using: &random), type: make(&random, depth: depth - 1))
                })
        }
    }

    var yaml: String {
        switch self {
        case .named(let name): name
        case .optional(let name): "'\(name)?'"
        case .list(let element): "[\(element.yaml)]"
        case .object(let fields):
            "{" + fields.map { "'\($0.key)\($0.isOptional ? "?" : "")': \($0.type.yaml)" }.joined(separator: ", ") + "}"
        }
    }

    func mismatch(in json: SlowJSON, at path: String) -> String? {
        switch (self, json.content) {
        case (.named("any"), _), (.optional("any"), _): return nil
        case (.optional, .scalar) where json.source == "null": return nil
        case (.optional(let name), _): return RandomType.named(name).mismatch(in: json, at: path)
        case (.list(let element), .array(let elements)):
            return elements.enumerated().lazy.compactMap {
                element.mismatch(in: $0.element, at: "\(path)[\($0.offset)]")
            }.first
        case (.object(let fields), .object(let members)):
            return fields.lazy.compactMap { field in
                let path = path + (field.key.contains(" ") ? "[\"\(field.key)\"]" : ".\(field.key)")
                guard let value = members.last(where: { $0.key == field.key })?.value else {
                    return field.isOptional || field.type.isOptional ? nil : "\(path) is missing"
                }
                return field.isOptional && value.source == "null" ? nil : field.type.mismatch(in: value, at: path)
            }.first
        case (.named("integer"), _) where json.noun == "a number":
            let fits = json.source != "-0" && (Int64(json.source) != nil || UInt64(json.source) != nil)
            return fits ? nil : "\(path) must be a 64-bit integer, written without fraction and exponent"
        case (_, _): return noun == json.noun ? nil : "\(path) must be \(noun), not \(json.noun)"
        }
    }

    private var isOptional: Bool { if case .optional = self { true } else { false } }

    private var noun: String {
        switch self {
        case .named(let name), .optional(let name):
            (["integer", "object", "array"].contains(name) ? "an " : "a ") + name
        case .list: "an array"
        case .object: "an object"
        }
    }
}

extension SlowJSON {
    fileprivate var noun: String {
        switch content {
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        case .scalar:
            switch source {
            case "null": "null"
            case "true", "false": "a boolean"
            default: "a number"
            }
        }
    }
}
