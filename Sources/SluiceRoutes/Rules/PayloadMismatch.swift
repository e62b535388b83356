internal import SluiceBase
internal import SluiceJSON

/// The path of a value in a payload, for messages: `payload.commits[3].id`.
package struct PayloadPath {
    /// A step into a value.
    package enum Step {
        case field(String)
        case element(Int)
    }

    fileprivate var steps: [Step] = []

    package init() {}

    /// The path of a value inside this one.
    package func entering(_ step: Step) -> PayloadPath {
        var path = self
        path.steps.append(step)
        return path
    }

    /// In the syntax of a reference.
    package var text: String {
        steps.reduce("payload") { text, step in
            switch step {
            case .field(let name): text + Self.written(name)
            case .element(let index): "\(text)[\(index)]"
            }
        }
    }

    private static func written(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { $0 > 0x20 && !#".[]{}?"$\"#.utf8.contains($0) }
        let printable = PrintableText.escape(name, limit: 100)
        guard !isPlain else { return ".\(printable)" }
        var literal: [UInt8] = []
        literal.appendJSONString(printable)
        return "[\(String(decoding: literal, as: UTF8.self))]"
    }
}

/// Describes the mismatch of a payload: walks it once more, to find the names on the path.
struct MismatchText {
    private let mismatch: PayloadMismatch
    private var path = PayloadPath()

    /// - Parameter mismatch: the result of a check of this payload and this type.
    static func of(_ mismatch: PayloadMismatch, _ type: PayloadType, payload: Span<UInt8>) throws(JSONError) -> String?
    {
        var reader = PayloadCheck.reader(of: payload)
        var search = MismatchText(mismatch: mismatch)
        return try search.sentence(type, &reader)
    }

    /// Skips the current value, unless it contains the mismatch.
    private mutating func sentence(_ type: PayloadType, _ reader: inout JSONReader) throws(JSONError) -> String? {
        let found = try reader.peek()
        if reader.offset == mismatch.offset { return complaint(type, found) }
        switch (type.shape, found) {
        case (.list(let element), .array):
            try reader.beginArray()
            var index = 0
            while try reader.nextElement() {
                path.steps.append(.element(index))
                if let sentence = try sentence(element, &reader) { return sentence }
                path.steps.removeLast()
                index += 1
            }
        case (.fields(let fields), .object):
            try reader.beginObject()
            while let key = try reader.nextKey() {
                guard let position = key.position(in: fields.names) else {
                    try reader.skipValue()
                    continue
                }
                path.steps.append(.field(fields.all[position].name))
                if let sentence = try sentence(fields.all[position].type, &reader) { return sentence }
                path.steps.removeLast()
            }
        case (_, _): try reader.skipValue()
        }
        return nil
    }

    private func complaint(_ type: PayloadType, _ found: JSONKind) -> String {
        if case .fields(let fields) = type.shape, let position = mismatch.missingField {
            return "\(path.entering(.field(fields.all[position].name)).text) is missing"
        }
        if case .integer = type.shape, found == .number {
            return "\(path.text) must be a 64-bit integer, written without fraction and exponent"
        }
        return "\(path.text) must be \(type.noun), not \(Self.noun(found))"
    }

    /// A description of the kind, without the value.
    private static func noun(_ kind: JSONKind) -> String {
        switch kind {
        case .true, .false: "a boolean"
        case .object, .array, .string, .number, .null: kind.name
        }
    }
}
