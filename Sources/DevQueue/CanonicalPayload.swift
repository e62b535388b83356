/// A payload as Zizq gives it back: without white space, its keys sorted by their bytes, of a key that comes twice the last value alone,
/// and its numbers as they are held, whole where they fit 64 bits and else doubles. The bytes that were sent are what is stored, so that
/// only a job which is looked at costs this.
enum CanonicalPayload {
    /// Appends a payload to an answer.
    ///
    /// - Parameter payload: JSON that was accepted; anything else is appended as it is.
    static func append(_ payload: [UInt8], to output: inout [UInt8]) {
        let start = output.count
        var reader = StrictJSONReader(payload.span)
        do throws(StrictJSONError) { try appendValue(&reader, to: &output) } catch {
            output.replaceSubrange(start..., with: payload)
        }
    }

    private static func appendValue(_ reader: inout StrictJSONReader, to output: inout [UInt8]) throws(StrictJSONError) {
        let byte = reader.peekPastSpace()
        switch byte {
        case UInt8(ascii: "{"): try appendObject(&reader, to: &output)
        case UInt8(ascii: "["): try appendArray(&reader, to: &output)
        case UInt8(ascii: "\""): _ = try appendString(&reader, to: &output)
        case UInt8(ascii: "t"):
            try reader.readWord(.true)
            output.append(contentsOf: "true".utf8)
        case UInt8(ascii: "f"):
            try reader.readWord(.false)
            output.append(contentsOf: "false".utf8)
        case UInt8(ascii: "n"):
            try reader.readWord(.null)
            output.append(contentsOf: "null".utf8)
        default: try appendNumber(&reader, to: &output)
        }
    }

    private static func appendArray(_ reader: inout StrictJSONReader, to output: inout [UInt8]) throws(StrictJSONError) {
        output.append(UInt8(ascii: "["))
        reader.index += 1
        var isFirst = true
        while try reader.advanceToElement(isFirst: isFirst) {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            try appendValue(&reader, to: &output)
        }
        reader.index += 1
        output.append(UInt8(ascii: "]"))
    }

    private static func appendObject(_ reader: inout StrictJSONReader, to output: inout [UInt8]) throws(StrictJSONError) {
        let start = output.count
        var members: [Member] = []
        reader.index += 1
        output.append(UInt8(ascii: "{"))
        while try reader.advanceToKey(isFirst: members.isEmpty) {
            if !members.isEmpty { output.append(UInt8(ascii: ",")) }
            let begin = output.count
            let key = try appendString(&reader, to: &output)
            try reader.readColon()
            output.append(UInt8(ascii: ":"))
            try appendValue(&reader, to: &output)
            members.append(Member(key: key, range: begin..<output.count))
        }
        reader.index += 1
        arrange(members, from: start, in: &output)
        output.append(UInt8(ascii: "}"))
    }

    /// A member of an object, and where it was written.
    private struct Member {
        let key: [UInt8]
        let range: Range<Int>
    }

    /// Puts the members of the object that begins at `start` in order, where they are not.
    private static func arrange(_ members: [Member], from start: Int, in output: inout [UInt8]) {
        let isSorted = zip(members, members.dropFirst()).allSatisfy { $0.key.lexicographicallyPrecedes($1.key) }
        guard !isSorted else { return }
        var last: [[UInt8]: Range<Int>] = [:]
        for member in members { last[member.key] = member.range }
        let sorted = last.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        var object = [UInt8(ascii: "{")]
        for (position, member) in sorted.enumerated() {
            if position > 0 { object.append(UInt8(ascii: ",")) }
            object.append(contentsOf: output[member.value])
        }
        output.replaceSubrange(start..., with: object)
    }

    /// - Returns: the text's bytes.
    private static func appendString(
        _ reader: inout StrictJSONReader, to output: inout [UInt8]
    ) throws(StrictJSONError) -> [UInt8] {
        reader.index += 1
        let text = reader.text(try reader.readString())
        output.appendJSON(text: text)
        return Array(text.utf8)
    }

    private static func appendNumber(_ reader: inout StrictJSONReader, to output: inout [UInt8]) throws(StrictJSONError) {
        let text =
            switch try reader.readExactNumber() {
            case .unsigned(let value): String(value)
            case .negative(let value): String(value)
            case .floating(let value): value.description
            }
        output.append(contentsOf: text.utf8)
    }
}
