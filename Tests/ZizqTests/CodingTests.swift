internal import Foundation
import SluiceBase
import SluiceJSON
import TestSupport
import Testing

@testable import Zizq

/// Values to and from JSON. Foundation's coders read and write the same values, for comparison.
@Suite struct CodingTests {
    struct Everything: Codable, Equatable {
        enum Colour: String, Codable { case red, blue }
        enum Shape: Codable, Equatable {
            case dot
            case circle(radius: Double)
            case box(Int, height: Int?)
        }
        struct Inner: Codable, Equatable {
            var name: String
            var list: [Inner]
        }

        var flag = true
        var text = "a\"b\\c/\u{1F600}é\n\u{1}\u{7F}\u{2028}"
        var empty = ""
        var small: Int8 = -128
        var wide: UInt64 = .max
        var least: Int64 = .min
        var half = 0.5
        var tiny = Double.leastNonzeroMagnitude
        var huge = Double.greatestFiniteMagnitude
        var float: Float = 1.1
        var nothing: Int?
        var something: Int? = 7
        var inner = Inner(name: "x", list: [Inner(name: "y", list: [])])
        var numbers = [1, 2, 3]
        var texts = ["a", "b\t"]
        var optionals: [Int?] = [1, nil]
        var nested = [[1.5], [], [2]]
        var map = ["k": 1, "ö": 2]
        var colour = Colour.blue
        var shapes = [Shape.dot, .circle(radius: 2), .box(3, height: nil)]
        var uuid = UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
    }

    struct Empty: Codable, Equatable {}

    private func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONValueEncoder.encode(value), as: UTF8.self)
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONValueDecoder.decode(type, from: Array(text.utf8))
    }

    @Test("encoded values round-trip, are JSON that the scanner accepts, and Foundation reads and writes the same")
    func roundTrip() throws {
        let value = Everything()
        let bytes = try JSONValueEncoder.encode(value)
        #expect(try JSONValueDecoder.decode(Everything.self, from: bytes) == value)
        var findings = JSONFindings()
        try JSONScanner.scan(bytes.span, paths: .none, into: &findings)
        #expect(try JSONDecoder().decode(Everything.self, from: Data(bytes)) == value)
        #expect(try JSONValueDecoder.decode(Everything.self, from: Array(JSONEncoder().encode(value))) == value)
    }

    @Test(
        "members keep the order of encoding, and single and empty values are complete JSON texts"
    )
    func texts() throws {
        struct Point: Encodable {
            var y = 1
            var x = 2
        }
        #expect(try json(Point()) == #"{"y":1,"x":2}"#)
        #expect(try json(Empty()) == "{}")
        #expect(try json("a") == #""a""#)
        #expect(try json(5) == "5")
        #expect(try json(-0.0) == "-0.0")
        #expect(try json(1e16) == "1e+16")
        #expect(try json(Int128.max) == "170141183460469231731687303715884105727")
        #expect(try json(nil as Int?) == "null")
        #expect(try json([] as [Int]) == "[]")
        #expect(try json([:] as [String: Int]) == "{}")
        #expect(try json([1: "a"]) == #"{"1":"a"}"#)
        #expect(try decode(Empty.self, "{}") == Empty())
        #expect(try decode(Empty.self, #"{"more":[1,{}]}"#) == Empty())
        #expect(try decode(Int.self, " 5 ") == 5)
        #expect(try decode(Int?.self, "null") == nil)
    }

    @Test("dates, data, URLs and decimals have the forms that others read")
    func foundationTypes() throws {
        struct Holder: Codable, Equatable {
            var date = Date(timeIntervalSince1970: 1_700_000_000.123)
            var data = Data([0, 255, 16])
            var url = URL(string: "https://example.com/a?b=c")
            var decimal = Decimal(string: "12345678901234567890.25")
            var dates = [Date(timeIntervalSince1970: 0)]
        }
        let text = try json(Holder())
        #expect(text.contains(#""date":"2023-11-14T22:13:20.123Z""#))
        #expect(text.contains(#""data":"AP8Q""#))
        #expect(text.contains(#""url":"https://example.com/a?b=c""#))
        #expect(text.contains(#""decimal":12345678901234567890.25"#))
        #expect(text.contains(#""dates":["1970-01-01T00:00:00.000Z"]"#))
        let back = try decode(Holder.self, text)
        #expect(abs(back.date.timeIntervalSince(Holder().date)) < 0.001)
        #expect(back.data == Holder().data && back.url == Holder().url && back.decimal == Holder().decimal)
        // As Foundation's own conformances write them.
        #expect(try decode(Date.self, "0") == Date(timeIntervalSinceReferenceDate: 0))
        #expect(try decode(Data.self, "[1,2]") == Data([1, 2]))
        #expect(try decode(Date.self, #""2024-02-29T12:00:00+02:00""#) == Date(timeIntervalSince1970: 1_709_200_800))
    }

    /// Fills its containers in turns, as hand-written conformances may.
    struct Interleaved: Codable, Equatable {
        var a = 1
        var b = [2, 3]
        var c = "c"

        enum Keys: String, CodingKey { case first, list, last, more }

        init() {}

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            a = try container.nestedContainer(keyedBy: Keys.self, forKey: .first).decode(Int.self, forKey: .more)
            var list = try container.nestedUnkeyedContainer(forKey: .list)
            b = []
            while !list.isAtEnd { b.append(try list.decode(Int.self)) }
            c = try container.decode(String.self, forKey: .last)
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            var first = container.nestedContainer(keyedBy: Keys.self, forKey: .first)
            var list = container.nestedUnkeyedContainer(forKey: .list)
            try list.encode(b[0])
            try container.encode(c, forKey: .last)
            try first.encode(a, forKey: .more)
            try list.encode(b[1])
            #expect(list.count == 2)
        }
    }

    class Base: Codable {
        var base = 1
        init() {}
    }

    final class Derived: Base {
        var derived = [2]
        enum Keys: String, CodingKey { case derived }

        override init() { super.init() }

        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            derived = try container.decode([Int].self, forKey: .derived)
            try super.init(from: container.superDecoder())
        }

        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try super.encode(to: container.superEncoder())
            try container.encode(derived, forKey: .derived)
        }
    }

    @Test("interleaved containers and super encoders put everything in its place")
    func containers() throws {
        #expect(try json(Interleaved()) == #"{"first":{"more":1},"list":[2,3],"last":"c"}"#)
        #expect(try json([Interleaved()]) == #"[{"first":{"more":1},"list":[2,3],"last":"c"}]"#)
        #expect(try decode(Interleaved.self, json(Interleaved())) == Interleaved())
        #expect(try json(Derived()) == #"{"super":{"base":1},"derived":[2]}"#)
        let back = try decode(Derived.self, #"{"derived":[5],"super":{"base":9}}"#)
        #expect(back.base == 9 && back.derived == [5])
    }

    @Test("numbers that JSON does not have are refused with their path, and nothing of the value remains")
    func notFinite() throws {
        struct Row: Encodable { var cells = [1, Double.nan] }
        for value in [Double.infinity, -.infinity, .nan] { #expect(throws: EncodingError.self) { try json(value) } }
        var bytes = Array("before".utf8)
        do {
            try JSONValueEncoder.append([Row()], to: &bytes)
            Issue.record("it was encoded")
        } catch EncodingError.invalidValue(_, let context) {
            #expect(context.codingPath.map(\.stringValue) == ["0", "cells", "1"])
        }
        #expect(bytes == Array("before".utf8))
        #expect(throws: EncodingError.self) { try json(Decimal.nan) }
    }

    @Test("a value may be as deep as is allowed, and no deeper")
    func depth() throws {
        struct Nest: Encodable {
            var levels: Int
            func encode(to encoder: any Encoder) throws {
                var container = encoder.unkeyedContainer()
                if levels > 1 { try container.encode(Nest(levels: levels - 1)) }
            }
        }
        #expect(try JSONValueEncoder.encode(Nest(levels: 124), maximumDepth: 124).count == 248)
        #expect(throws: EncodingError.self) { try JSONValueEncoder.encode(Nest(levels: 125), maximumDepth: 124) }
        let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(throws: DecodingError.self) { try decode([Int].self, deep) }
    }

    @Test(
        "a whole number is an integer however it is written, and one that does not fit is refused",
        arguments: [
            ("100.0", 100), ("1e2", 100), ("-0", 0), ("-128", -128), ("128", nil), ("0.5", nil), ("1e400", nil),
            ("true", nil),
            (#""1""#, nil),
        ] as [(String, Int8?)])
    func integers(text: String, expected: Int8?) throws {
        if let expected {
            #expect(try decode(Int8.self, text) == expected)
        } else {
            #expect(throws: DecodingError.self) { try decode(Int8.self, text) }
        }
    }

    @Test("a mismatch is reported with its path and the value found")
    func mismatches() throws {
        struct Order: Decodable { var lines: [Line] }
        struct Line: Decodable { var count: Int }
        let rows = [
            (#"{"lines":[{"count":1},{"count":"2"}]}"#, "lines.1.count: expected Int, found a string"),
            (#"{"lines":[{"count":null}]}"#, "lines.0.count: expected Int, found null"),
            (#"{"lines":[{}]}"#, "lines.0: the member 'count' is missing"),
            (#"{"lines":7}"#, "lines: expected Array<Any>, found a number"),
            (#"{"lines":[{"count":1.5}]}"#, "lines.0.count: 1.5 does not fit into Int"),
            ("{", ": the text ends inside a value at byte 1"),
            ("[1] x", ": there is text after the value at byte 4"),
        ]
        for (text, expected) in rows {
            do {
                _ = try decode(Order.self, text)
                Issue.record("it was decoded: \(text)")
            } catch let error as DecodingError {
                #expect(error.sentence == expected)
            }
        }
    }

    @Test(
        "of two equal keys the last counts, keys are compared by their bytes, and objects of any size are looked through"
    )
    func keys() throws {
        #expect(try decode([String: Int].self, #"{"a":1,"\u0061":2}"#) == ["a": 2])
        struct Accented: Decodable {
            enum CodingKeys: String, CodingKey { case composed = "\u{E9}", decomposed = "e\u{301}" }
            var composed: Int
            var decomposed: Int
        }
        let accented = try decode(Accented.self, "{\"e\u{301}\":2,\"\u{E9}\":1}")
        #expect(accented.composed == 1 && accented.decomposed == 2)
        let large = (0..<500).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        let map = try decode([String: Int].self, "{\(large),\"k7\":-7}")
        #expect(map.count == 500 && map["k7"] == -7 && map["k499"] == 499)
    }

    @Test("random values go through both coders and Foundation's alike", arguments: 0..<200)
    func random(seed: Int) throws {
        var source = RandomJSON(random: SeededRandom(seed: UInt64(seed)))
        let tree = try decode(Tree.self, source.text(depth: 6))
        let bytes = try JSONValueEncoder.encode(tree)
        #expect(try JSONValueDecoder.decode(Tree.self, from: bytes) == tree)
        #expect(try JSONDecoder().decode(Tree.self, from: Data(bytes)) == tree)
    }
}

/// Any JSON.
private indirect enum Tree: Codable, Equatable {
    case null
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([Tree])
    case object([String: Tree])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([Tree].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: Tree].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .flag(let flag): try container.encode(flag)
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        case .list(let list): try container.encode(list)
        case .object(let object): try container.encode(object)
        }
    }
}

extension DecodingError {
    fileprivate var sentence: String {
        let context =
            switch self {
            case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
                .valueNotFound(_, let context):
                context
            @unknown default: Context(codingPath: [], debugDescription: "unknown")
            }
        return context.codingPath.map(\.stringValue).joined(separator: ".") + ": " + context.debugDescription
    }
}
