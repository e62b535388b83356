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
        case .method: "the method"
        case .url: "the URL"
        case .path: "the path"
        case .event: "the event"
        case .deliveryID: "the delivery's id"
        case .receivedAt, .receivedMilliseconds: "the time of receipt"
        case .remoteAddress: "the sender's address"
        case .route: "the route's name"
        case .signedTimestamp: "the timestamp"
        case .account(let name): "the account's \(PrintableText.escape(name))"
        case .signedID: "the id"
        case .handshakeHMAC: "the HMAC of a handshake"
        case .verifyOnly(let source): source.noun
        }
    }
}

extension VerifyReference {
    fileprivate var noun: String {
        switch self {
        case .key: "the secret"
        case .keyID: "the id of the key"
        case .bodyBase64: "the body in base64"
        case .bodyCRC32: "the CRC-32 of the body"
        case .bodyMD5: "the MD5 of the body"
        case .lower(let source), .escaped(let source): source.noun
        case .sortedForm: "the sorted form"
        case .sortedQuery: "the sorted query"
        case .formWithout(let name): "the form without \(PrintableText.escape(name))"
        case .listedHeaders(let name): "the headers that the header \(name) lists"
        case .target: "the target"
        case .urlWithPort: "the URL with its port"
        case .urlWithoutPort: "the URL without its port"
        case .urlWithoutQuery: "the URL without its query"
        }
    }
}

extension JSONPath {
    /// In the syntax of a reference after `body.`: `items[0].id`, `["odd.key"].id`.
    var written: String {
        var text = ""
        for step in steps {
            switch step {
            case .key(let key): text += Self.isPlain(key) ? (text.isEmpty ? "" : ".") + key : "[\(Self.quoted(key))]"
            case .index(let index): text += "[\(index)]"
            case .each: text += "[]"
            }
        }
        return text
    }

    private static func isPlain(_ key: String) -> Bool {
        !key.isEmpty
            && key.utf8.allSatisfy {
                $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || ASCII.isDigit($0)
                    || ASCII.lowercase($0) &- 0x61 < 26
            }
    }

    private static func quoted(_ key: String) -> String {
        var json: [UInt8] = []
        json.appendJSONString(key)
        return PrintableText.escape(String(decoding: json, as: UTF8.self))
    }
}
