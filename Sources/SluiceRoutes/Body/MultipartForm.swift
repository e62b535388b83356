internal import SluiceBase
internal import SluiceJSON

/// A body of the type `multipart/form-data` (RFC 7578).
package enum MultipartForm {
    /// The boundary of a body that starts with it: the rest of its first line after `--` (RFC 2046 §5.1.1).
    ///
    /// - Returns: `nil` for a body with another first line.
    static func boundary(at body: Span<UInt8>) -> [UInt8]? {
        let dash = UInt8(ascii: "-")
        guard body.count > 2, body[0] == dash, body[1] == dash, let end = body.firstIndex(of: ASCII.carriageReturn)
        else { return nil }
        return HeaderParameters.trimmed(body.extracting(2..<end)).array
    }

    /// - Parameter charset: of fields without one, unless the body names one.
    static func read(_ body: Span<UInt8>, boundary: [UInt8], charset standard: Charset) throws(BodyError) -> FormFields
    {
        let parts = try parts(of: body, boundary)
        let charset = try charset(of: body, parts, standard: standard)
        var fields = FormFields(size: body.count)
        for part in parts {
            let content = body.extracting(part.content)
            let (kind, value) = value(of: content, part.head, charset)
            try fields.add(
                kind, name: { bytes in bytes += name(part.head.name.span, charset) }, value: { bytes in bytes += value }
            )
        }
        return fields
    }

    private struct Part {
        let head: MultipartHead
        /// The range of its content in the body.
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

    /// The charset of fields without one: from a field that browsers fill in (RFC 7578 §4.6), or from the parameter
    /// next to the boundary.
    private static func charset(of body: Span<UInt8>, _ parts: [Part], standard: Charset) throws(BodyError) -> Charset {
        if let part = parts.first(where: { $0.head.name.elementsEqual("_charset_".utf8) }) {
            let label = HeaderParameters.trimmed(body.extracting(part.content))
            if !label.isEmpty { return try Charset.named(label.array) }
        }
        return standard
    }

    /// A part that is invalid in its charset, or has an unsupported one, only affects itself: its value is bytes.
    private static func value(
        of content: Span<UInt8>, _ head: MultipartHead, _ charset: Charset
    ) -> (FormFields.Kind, [UInt8]) {
        if let filename = head.filename { return (.json, file(name(filename.span, charset), content, head: head)) }
        let declared = head.contentType
        let type = MediaType(declared.span)
        let family = type.name.isEmpty ? .text : type.family
        guard family != .multipart, family != .other else { return (.json, BodyReader.bytes(content)) }
        guard let charset = try? Charset.named(by: type) ?? charset, let text = charset.decode(content) else {
            return (.undecodable, BodyReader.bytes(content))
        }
        let json = BodyReader.json(in: text.span)
        return family == .json && FormFields.isJSON(json) ? (.json, json.array) : (.text, text)
    }

    /// The name of a field or a file; if it is invalid in its charset, bytes above 127 are written as `%E9`.
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

    /// The value of a file in a job.
    private static func file(_ name: [UInt8], _ content: Span<UInt8>, head: MultipartHead) -> [UInt8] {
        var json = Array(#"{"filename":"#.utf8)
        json.appendJSONString(name.span)
        json += Array(#","content_type":"#.utf8)
        json.appendJSONString(head.contentType.span)
        json += Array(#","size":"#.utf8)
        json.appendDecimal(content.count)
        json += Array(#","note":"the file's bytes are left out"}"#.utf8)
        return json
    }
}
