internal import SluiceBase
internal import SluiceJSON

extension ValueTest {
    /// An absent value is null, as in payloads.
    var holdsForAbsent: Bool {
        switch self {
        case .exists(let exists): !exists
        case .equals(let values): values.contains { $0.json == .null }
        case .differs(let values): !values.contains { $0.json == .null }
        case .prefix, .suffix, .contains, .like, .greater, .less, .only: false
        }
    }

    /// - Parameters:
    ///   - text: compared in place.
    ///   - isTyped: whether it is a string of JSON, which only equals texts and is not a number. Otherwise only its
    ///     notation is known.
    package func holds(forText text: Span<UInt8>, isTyped: Bool) -> Bool {
        switch self {
        case .exists(let exists): return exists
        case .equals(let values): return Self.isEqual(text, toAnyOf: values, isTyped: isTyped)
        case .differs(let values): return !Self.isEqual(text, toAnyOf: values, isTyped: isTyped)
        case .prefix(let prefixes):
            for prefix in prefixes where text.begins(with: prefix.span) { return true }
        case .suffix(let suffixes):
            for suffix in suffixes where text.ends(with: suffix.span) { return true }
        case .contains(let values, let searches):
            for index in values.indices where !isTyped || values[index].json == .text {
                if searches[index].isFound(in: text) { return true }
            }
        case .like(let globs):
            for glob in globs where glob.matches(text) { return true }
        case .greater, .less: return !isTyped && holds(forNumber: JSONNumber(text))
        case .only: return false
        }
        return false
    }

    /// - Parameters:
    ///   - literal: the exact bytes of a JSON value that was scanned.
    ///   - isTyped: whether strings have a type: `false` in forms.
    func holds(forJSON literal: Span<UInt8>, _ kind: JSONKind, isTyped: Bool) -> Bool {
        switch kind {
        case .null: return holdsForAbsent
        case .string: return holds(forString: literal, isTyped: isTyped)
        case .number, .true, .false, .array, .object: break
        }
        switch self {
        case .exists(let exists): return exists
        case .equals(let values): return Self.isEqual(literal, kind, toAnyOf: values)
        case .differs(let values): return !Self.isEqual(literal, kind, toAnyOf: values)
        case .greater, .less: return kind == .number && holds(forNumber: JSONNumber(literal))
        case .contains(let values, _):
            return kind == .array && Self.equals(values).holds(forAnElementOf: literal, isTyped: isTyped)
        case .only(let names): return kind == .object && Self.hasOnly(names, literal)
        case .prefix, .suffix, .like: return false
        }
    }

    private static func hasOnly(_ names: [[UInt8]], _ object: Span<UInt8>) -> Bool {
        var reader = JSONReader(object, maximumDepth: JSONLimits.bulkDepth, acceptsLoneSurrogates: true)
        do throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                let name = key.text
                guard names.contains(where: { name.utf8.elementsEqual($0) }) else { return false }
                _ = try reader.skipValue()
            }
            return true
        } catch {
            // Unreachable: the object has been scanned.
            return false
        }
    }

    private func holds(forString literal: Span<UInt8>, isTyped: Bool) -> Bool {
        let content = literal.extracting(1..<(literal.count - 1))
        if content.firstIndex(of: UInt8(ascii: "\\")) == nil { return holds(forText: content, isTyped: isTyped) }
        let text = JSONText.decode(literal) ?? ""
        return holds(forText: text.utf8Span.span, isTyped: isTyped)
    }

    /// Compares the elements of an array, but not their contents.
    private func holds(forAnElementOf array: Span<UInt8>, isTyped: Bool) -> Bool {
        var reader = JSONReader(array, maximumDepth: JSONLimits.bulkDepth, acceptsLoneSurrogates: true)
        do throws(JSONError) {
            try reader.beginArray()
            while try reader.nextElement() {
                let kind = try reader.peek()
                if holds(forJSON: array.extracting(try reader.skipValue()), kind, isTyped: isTyped) { return true }
            }
        } catch {
            // Unreachable: the array has been scanned.
        }
        return false
    }

    /// - Parameter number: `nil` for a text that is not a number.
    private func holds(forNumber number: JSONNumber?) -> Bool {
        guard let number else { return false }
        switch self {
        case .greater(let bound, _): return number > bound
        case .less(let bound, _): return number < bound
        case .exists, .equals, .differs, .prefix, .suffix, .contains, .like, .only: return false
        }
    }
}

extension ValueTest {
    private static func isEqual(_ text: Span<UInt8>, toAnyOf values: [ExpectedValue], isTyped: Bool) -> Bool {
        for value in values where value.equals(text, isTyped: isTyped) { return true }
        return false
    }

    /// - Parameter kind: not a string.
    private static func isEqual(_ literal: Span<UInt8>, _ kind: JSONKind, toAnyOf values: [ExpectedValue]) -> Bool {
        let number = kind == .number ? JSONNumber(literal) : nil
        for value in values where value.equals(kind, number) { return true }
        return false
    }
}

extension ExpectedValue {
    /// - Parameter isTyped: whether the text is a string of JSON, which only equals a text.
    fileprivate func equals(_ text: Span<UInt8>, isTyped: Bool) -> Bool {
        (!isTyped || json == .text) && text.equals(source.span)
    }

    /// - Parameters:
    ///   - kind: not a string.
    ///   - number: the value of a number.
    fileprivate func equals(_ kind: JSONKind, _ number: JSONNumber?) -> Bool {
        switch json {
        case .null: kind == .null
        case .boolean(let boolean): kind == (boolean ? .true : .false)
        case .number(let expected): number == expected
        case .text: false
        }
    }
}

extension Span where Element == UInt8 {
    func begins(with prefix: Span<UInt8>) -> Bool {
        count >= prefix.count && extracting(0..<prefix.count).equals(prefix)
    }

    func ends(with suffix: Span<UInt8>) -> Bool {
        count >= suffix.count && extracting((count - suffix.count)..<count).equals(suffix)
    }
}
