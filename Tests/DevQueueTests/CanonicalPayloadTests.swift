import SluiceBase
import SluiceJSON
import Testing

@testable import DevQueue

/// Payloads as they are read back.
@Suite struct CanonicalPayloadTests {
    private func canonical(_ payload: String) -> String {
        DevQueueJob.canonical(Array(payload.utf8))
    }

    @Test(
        "numbers, keys and texts come back as the server gives them",
        arguments: [
            ("12345678901234567890123", "1.2345678901234568e+22"), ("1.0", "1.0"), ("-0", "-0.0"), ("1e2", "100.0"),
            ("1e-400", "0.0"),
            ("18446744073709551615", "18446744073709551615"), ("-9223372036854775808", "-9223372036854775808"),
            ("18446744073709551616", "1.8446744073709552e+19"), ("0.30000000000000004", "0.30000000000000004"),
            (#" { "b" : 1 , "a" : [ true , null ] } "#, #"{"a":[true,null],"b":1}"#),
            (#"{"a":1,"b":2,"a":{"z":1,"y":2}}"#, #"{"a":{"y":2,"z":1},"b":2}"#),
            (#"{"a":1,"\u0061":2}"#, #"{"a":2}"#),
            (#"{"é":1,"z":2,"😀":3,"\uffff":4}"#, "{\"z\":2,\"é\":1,\"\u{FFFF}\":4,\"😀\":3}"),
            (#""\u0000\/\u00e9\ud83d\ude00\"\\\b""#, #""\u0000/é😀\"\\\b""#), ("{}", "{}"), ("[]", "[]"),
            ("false", "false"),
            ("[[],{}]", "[[],{}]"),
        ])
    func examples(payload: String, expected: String) {
        #expect(canonical(payload) == expected)
    }

    /// A value, apart from how it is written.
    private indirect enum Value {
        case null, bool(Bool), unsigned(UInt64), negative(Int64), double(Double), text(String), array([Value])
        /// Keys and values in an order of arrival; of a key that comes twice the last counts.
        case object([(key: String, value: Value)])

        static let texts = ["", "a", "b", "aa", "é", "\u{0}", "\"\\/", "😀", "z\n\t", "\u{FFFF}", "e\u{301}"]

        static func random(_ depth: Int, _ random: inout SeededRandom) -> Value {
            switch depth == 0 ? Int.random(in: 0..<6, using: &random) : Int.random(in: 0..<10, using: &random) {
            case 0: return .null
            case 1: return .bool(.random(using: &random))
            case 2:
                return .unsigned(.random(in: 0 ... .max, using: &random) >> UInt64.random(in: 0..<64, using: &random))
            case 3: return .negative(.random(in: Int64.min..<0, using: &random))
            case 4: return .double(Double(Int.random(in: -99...99, using: &random)) / 8)
            case 5: return .text(texts.randomElement(using: &random) ?? "")
            case 6, 7:
                return .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in .random(depth - 1, &random) })
            default:
                return .object(
                    (0..<Int.random(in: 0..<5, using: &random)).map { _ in
                        (texts.randomElement(using: &random) ?? "", .random(depth - 1, &random))
                    })
            }
        }

        /// Sorted, the last of equal keys alone, without white space.
        var canonical: String {
            switch self {
            case .object(let members):
                var last: [[UInt8]: String] = [:]
                for member in members {
                    last[Array(member.key.utf8)] = "\(Self.quoted(member.key)):\(member.value.canonical)"
                }
                return "{"
                    + last.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value).joined(separator: ",") + "}"
            case .array(let values): return "[" + values.map(\.canonical).joined(separator: ",") + "]"
            case .text(let text): return Self.quoted(text)
            case .null: return "null"
            case .bool(let value): return "\(value)"
            case .unsigned(let value): return "\(value)"
            case .negative(let value): return "\(value)"
            case .double(let value): return value.description
            }
        }

        /// One of the many ways to write it.
        func written(_ random: inout SeededRandom) -> String {
            switch self {
            case .object(let members):
                let parts = members.map {
                    "\(Self.space(&random))\(Self.escaped($0.key, &random)) :\($0.value.written(&random))"
                }
                return "{" + parts.joined(separator: ",") + Self.space(&random) + "}"
            case .array(let values):
                return "[" + values.map { $0.written(&random) + Self.space(&random) }.joined(separator: ",") + "]"
            case .text(let text): return Self.escaped(text, &random)
            case .double(let value): return "\(value)" + (Bool.random(using: &random) ? "e0" : "")
            default: return Self.space(&random) + canonical
            }
        }

        private static func space(_ random: inout SeededRandom) -> String {
            ["", " ", "\n", "\t "].randomElement(using: &random) ?? ""
        }

        static func quoted(_ text: String) -> String {
            var bytes: [UInt8] = []
            bytes.appendJSONString(text)
            return String(decoding: bytes, as: UTF8.self)
        }

        private static func escaped(_ text: String, _ random: inout SeededRandom) -> String {
            guard Bool.random(using: &random) else { return quoted(text) }
            let units = text.utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            return "\"" + units.joined() + "\""
        }
    }

    @Test(
        "however a value is written, it is read back the same, and that again as it is",
        arguments: 0..<8 as Range<UInt64>)
    func property(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let value = Value.random(4, &random)
            let payload = value.written(&random)
            let result = canonical(payload)
            #expect(result == value.canonical, "\(payload)")
            #expect(canonical(result) == result)
        }
    }
}
