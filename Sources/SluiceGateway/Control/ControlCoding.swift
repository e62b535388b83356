internal import FoundationEssentials
package import SluiceBase

/// JSON of the control documents.
package enum ControlCoding {
    package static func encode(_ document: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // The documents hold texts and numbers only, which always can be encoded.
        guard let bytes = try? encoder.encode(document) else {
            preconditionFailure("a control document can always be encoded")
        }
        return Array(bytes)
    }

    /// - Throws: where a gateway of another version says something else.
    package static func decode<Document: Decodable>(_ type: Document.Type, _ bytes: [UInt8]) throws(FatalProblem)
        -> Document
    {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw FatalProblem(
                .unavailable, "unexpected answer from the running gateway; does it have another version?")
        }
    }
}
