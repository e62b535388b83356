internal import SluiceJSON
internal import SluiceRouteFiles
internal import SluiceRoutes

/// Writes references in the form that holds any name: with keys and names in brackets and double quotes.
enum ReferenceText {
    static func of(_ parts: [TemplateParser.Part]) -> String {
        parts.map { part in
            switch part {
            case .literal(let bytes): String(decoding: bytes.replacing("${".utf8, with: "$${".utf8), as: UTF8.self)
            case .reference(let reference):
                "${\(of(reference.source))\(reference.fallback.map { " ?? " + String(decoding: $0.json, as: UTF8.self) } ?? "")}"
            }
        }.joined()
    }

    static func of(_ source: ReferenceSource) -> String {
        switch source {
        case .body(let path): "body" + of(path)
        case .item(let path): "item" + of(path)
        case .bodyDigest(let path): "sha256.body" + of(path)
        case .itemDigest(let path): "sha256.item" + of(path)
        case .header(let name): "header.\(name)"
        case .headers: "headers"
        case .query(let name): "query[\(quoted(name))]"
        case .parameter(let name, _): "param[\(quoted(name))]"
        case .method: "method"
        case .url: "url"
        case .path: "path"
        case .event: "event"
        case .deliveryID: "delivery.id"
        case .receivedAt: "delivery.received_at"
        case .receivedMilliseconds: "delivery.received_ms"
        case .remoteAddress: "delivery.remote_address"
        case .route: "route"
        case .index: "index"
        case .signedTimestamp: "timestamp"
        case .handshakeHMAC: "hmac"
        case .signedID: "id"
        case .account(let name): "account[\(quoted(name))]"
        case .verifyOnly(let source): of(source)
        }
    }

    private static func of(_ source: VerifyReference) -> String {
        switch source {
        case .key: "key"
        case .keyID: "key.id"
        case .bodyBase64: "base64.body"
        case .bodyCRC32: "crc32.body"
        case .bodyMD5: "md5.body"
        case .lower(let source): "lower.\(of(source))"
        case .escaped(let source): "escaped.\(of(source))"
        case .sortedForm: "sorted.form"
        case .sortedQuery: "sorted.query"
        case .formWithout(let name): "form.without[\(quoted(name))]"
        case .listedHeaders(let name): "listed.header.\(name)"
        case .target: "target"
        case .urlWithPort: "url.with_port"
        case .urlWithoutPort: "url.without_port"
        case .urlWithoutQuery: "url.without_query"
        }
    }

    private static func of(_ path: JSONPath) -> String {
        path.steps.map { step in
            switch step {
            case .key(let key): "[\(quoted(key))]"
            case .index(let index): "[\(index)]"
            case .each: "[]"
            }
        }.joined()
    }

    private static func quoted(_ text: String) -> String {
        var json: [UInt8] = []
        json.appendJSONString(text)
        return String(decoding: json, as: UTF8.self)
    }
}
