/// Makes `Decodable` values of JSON text.
///
/// Reads back what `JSONValueEncoder` writes; a number with a fraction or an exponent is an integer where its value is one, because a queue
/// server may write `1e2` as `100.0`. Of two equal keys the last one counts. A `Date` is read from RFC 3339 text, or from a number of
/// seconds since 2001 as Foundation's own conformance writes it.
package enum JSONValueDecoder {
    /// Decodes the whole of a text.
    ///
    /// - Throws: `DecodingError`: `dataCorrupted` for a text that is not JSON, and whatever the type's `init(from:)` throws.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(bytes)
        } catch {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: error.description))
        }
        return try JSONDecoding(document, at: 0, path: []).decode(type)
    }
}
