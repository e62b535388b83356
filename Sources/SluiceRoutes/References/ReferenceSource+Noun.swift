internal import SluiceBase
internal import SluiceJSON

extension ReferenceSource {
    /// A description with an article, for messages: `the header x-id`, `the field data.id of the body`.
    package var noun: String {
        switch self {
        case .body(let path): path.steps.isEmpty ? "the body" : "the field \(path.written) of the body"
        case .bodyDigest(let path): "the digest of \(ReferenceSource.body(path).noun)"
        case .item(let path): path.steps.isEmpty ? "the element" : "the field \(path.written) of the element"
        case .itemDigest(let path): "the digest of \(ReferenceSource.item(path).noun)"
        case .index: "the position of the element"
        case .header(let name): "the header \(name)"
        case .headers: "the headers"
        case .query(let name): "the query parameter \(PrintableText.escape(name))"
        case .parameter(let name, _): "the path parameter \(PrintableText.escape(name))"
        case .request(let value): value.row.noun
        case .event: "the event"
        case .signedTimestamp: "the timestamp"
        case .account(let name): "the account's \(PrintableText.escape(name))"
        case .signedID: "the id"
        case .handshakeHMAC: "the HMAC of a handshake"
        case .verifyOnly(.value(let value)): value.row.noun
        case .verifyOnly(.lower(let source)), .verifyOnly(.escaped(let source)): source.noun
        case .verifyOnly(.formWithout(let name)): "the form without \(PrintableText.escape(name))"
        case .verifyOnly(.listedHeaders(let name)): "the headers that the header \(name) lists"
        }
    }
}

extension JSONPath {
    /// In the syntax of a reference after `body.`: `items[0].id`, `["odd.key"].id`.
    var written: String {
        var text = ""
        for step in steps {
            switch step {
            case .key(let key) where !key.isEmpty && key.utf8.allSatisfy(ASCII.isWordByte):
                text += (text.isEmpty ? "" : ".") + key
            case .key(let key): text += "[\(Self.quoted(key))]"
            case .index(let index): text += "[\(index)]"
            case .each: text += "[]"
            }
        }
        return text
    }

    private static func quoted(_ key: String) -> String {
        var json: [UInt8] = []
        json.appendJSONString(key)
        return PrintableText.escape(String(decoding: json, as: UTF8.self))
    }
}
