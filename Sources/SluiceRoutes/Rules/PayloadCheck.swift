internal import SluiceBase
internal import SluiceJSON

extension PayloadType {
    /// Checks a rendered payload in one pass without a tree; the recursion is as deep as the type, for any payload.
    ///
    /// - Returns: the mismatch, as a sentence with names of the type and no value of the payload; `nil` if there is
    ///   none.
    func mismatch(in payload: Span<UInt8>) -> String? {
        do throws(JSONError) {
            var reader = PayloadCheck.reader(of: payload)
            var check = PayloadCheck()
            guard let mismatch = try check.mismatch(self, &reader) else { return nil }
            return try MismatchText.of(mismatch, self, payload: payload)
        } catch {
            // Rendered payloads have been scanned.
            return "the payload cannot be parsed: \(error)"
        }
    }
}

/// A value that does not match its type.
struct PayloadMismatch {
    /// The value's first byte; for an object without a required field, the object's.
    let offset: Int
    /// The position of the missing field; `nil` if the value itself is wrong.
    var missingField: Int?
}

/// Finds the first value, in the order of the type, that does not match.
struct PayloadCheck {
    /// The result for a field so far. A later member with the same key replaces it, as in Zizq.
    private enum Finding {
        case absent
        case fits
        case fails(PayloadMismatch)
    }

    /// For the fields of all open objects; stored here so that an object allocates no memory.
    private var findings: [Finding] = []

    @_lifetime(copy payload)
    static func reader(of payload: Span<UInt8>) -> JSONReader {
        JSONReader(payload, maximumDepth: JSONLimits.bulkDepth, acceptsLoneSurrogates: true)
    }

    /// Skips the current value.
    mutating func mismatch(_ type: PayloadType, _ reader: inout JSONReader) throws(JSONError) -> PayloadMismatch? {
        let found = try reader.peek()
        let offset = reader.offset
        switch (type.shape, found) {
        case (.list(let element), .array): return try elements(element, &reader)
        case (.fields(let fields), .object): return try members(fields, at: offset, &reader)
        case (.integer, .number): return try reader.skipInteger() ? nil : PayloadMismatch(offset: offset)
        case (.any, _), (.string, .string), (.number, .number), (.boolean, .true), (.boolean, .false),
            (.object, .object), (.array, .array):
            try reader.skipValue()
            return nil
        case (.list, _), (.fields, _), (.integer, _), (.string, _), (.number, _), (.boolean, _), (.object, _),
            (.array, _):
            try reader.skipValue()
            return found == .null && type.isOptional ? nil : PayloadMismatch(offset: offset)
        }
    }

    private mutating func elements(_ type: PayloadType, _ reader: inout JSONReader) throws(JSONError)
        -> PayloadMismatch?
    {
        var first: PayloadMismatch?
        try reader.beginArray()
        while try reader.nextElement() {
            if first == nil { first = try mismatch(type, &reader) } else { try reader.skipValue() }
        }
        return first
    }

    private mutating func members(
        _ fields: PayloadFields, at offset: Int, _ reader: inout JSONReader
    ) throws(JSONError) -> PayloadMismatch? {
        let start = findings.count
        findings.append(contentsOf: repeatElement(.absent, count: fields.all.count))
        defer { findings.removeLast(findings.count - start) }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard let position = key.position(in: fields.names) else {
                try reader.skipValue()
                continue
            }
            let mismatch = try mismatch(fields.all[position].type, &reader)
            findings[start + position] = mismatch.map { .fails($0) } ?? .fits
        }
        for (position, field) in fields.all.enumerated() {
            switch findings[start + position] {
            case .fits: continue
            case .fails(let mismatch): return mismatch
            case .absent: if !field.type.isOptional { return PayloadMismatch(offset: offset, missingField: position) }
            }
        }
        return nil
    }
}

/// `on_mismatch`: a payload does not match the type that its kind declares.
package enum MismatchPolicy: String, CaseIterable, Sendable {
    case deadLetter = "dead_letter"
    /// 422
    case reject
}
