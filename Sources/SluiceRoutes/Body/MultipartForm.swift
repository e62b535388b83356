internal import SluiceBase
internal import SluiceJSON

/// A body of the type `multipart/form-data` (RFC 7578).
package enum MultipartForm {
    /// The boundary of a body that begins with it: the rest of its first line behind `--` (RFC 2046 §5.1.1).
    ///
    /// - Returns: `nil` for a body whose first line is not such a one.
    static func boundary(at body: Span<UInt8>) -> [UInt8]? {
        let dash = UInt8(ascii: "-")
        guard body.count > 2, body[0] == dash, body[1] == dash, let end = body.firstIndex(of: ASCII.carriageReturn)
        else { return nil }
        return HeaderParameters.trimmed(body.extracting(2..<end)).array
    }

    /// - Parameter charset: of fields that name none, unless the body itself does.
    static func read(_ body: Span<UInt8>, boundary: [UInt8], charset standard: Charset) throws(BodyError) -> FormFields
    {
        let parts = try parts(of: body, boundary)
        let charset = try charset(of: body, parts, standard: standard)
        var fields = FormFields()
        for part in parts {
            let content = body.extracting(part.content)
            fields.add(name(part.head.name.span, charset), value(of: content, part.head, charset))
        }
        return fields
    }

    private struct Part {
        let head: MultipartHead
        /// Where its content lies in the body.
        let content: Range<Int>
    }

    private static func parts(of body: Span<UInt8>, _ boundary: [UInt8]) throws(BodyError) -> [Part] {
        var parts: [Part] = []
        var divider = try MultipartDivider(boundary: boundary)
        try divider.skipPreamble(of: body)
        while let range = try divider.next(in: body) {
            guard parts.count < FormFields.maximum else {
                throw BodyError("the multipart body has more than \(FormFields.maximum) parts")
            }
            let (head, start) = try MultipartHead.read(body.extracting(range))
            parts.append(Part(head: head, content: (range.lowerBound + start)..<range.upperBound))
        }
        return parts
    }

    /// The charset of fields that name none: in a field that browsers fill in (RFC 7578 §4.6), or else beside the
    /// boundary.
    private static func charset(of body: Span<UInt8>, _ parts: [Part], standard: Charset) throws(BodyError) -> Charset {
        if let part = parts.first(where: { $0.head.name.elementsEqual("_charset_".utf8) }) {
            let label = HeaderParameters.trimmed(body.extracting(part.content))
            if !label.isEmpty { return try Charset.named(label.array) }
        }
        return standard
    }

    /// A part that is not valid in its charset, or names one that is not supported, only spoils itself: it is bytes.
    private static func value(of content: Span<UInt8>, _ head: MultipartHead, _ charset: Charset) -> FormFields.Value {
        if let filename = head.filename { return .json(file(name(filename.span, charset), content, head: head)) }
        let declared = head.contentType
        let type = MediaType(declared.span)
        let family = type.name.isEmpty ? .text : type.family
        guard family != .multipart, family != .other else { return .json(BodyReader.bytes(content)) }
        guard let charset = try? Charset.named(by: type) ?? charset, let text = charset.decode(content) else {
            return .undecodable(BodyReader.bytes(content))
        }
        let json = BodyReader.json(in: text.span)
        return family == .json && FormFields.isJSON(json) ? .json(json.array) : .text(text)
    }

    /// The name of a field or a file; of one that is not valid in its charset, bytes above 127 are written as `%E9`.
    private static func name(_ bytes: Span<UInt8>, _ charset: Charset) -> [UInt8] {
        if let text = charset.decode(bytes) { return text }
        var name: [UInt8] = []
        for index in bytes.indices {
            if bytes[index] < 0x80 {
                name.append(bytes[index])
            } else {
                name += Array("%\(Hex.encode([bytes[index]]).uppercased())".utf8)
            }
        }
        return name
    }

    /// What a job gets of a file.
    private static func file(_ name: [UInt8], _ content: Span<UInt8>, head: MultipartHead) -> [UInt8] {
        var json = Array(#"{"filename":"#.utf8)
        json.appendJSONString(name.span)
        json += Array(#","content_type":"#.utf8)
        json.appendJSONString(head.contentType.span)
        json += Array(#","size":"#.utf8)
        json.appendJSONInteger(Int64(content.count))
        json += Array(#","note":"the file's bytes are left out"}"#.utf8)
        return json
    }
}
