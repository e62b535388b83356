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
        case .request(let value): value.row.name
        case .event: "event"
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
        case .value(let value): value.row.name
        case .lower(let source): "lower.\(of(source))"
        case .escaped(let source): "escaped.\(of(source))"
        case .formWithout(let name): "form.without[\(quoted(name))]"
        case .listedHeaders(let name): "listed.header.\(name)"
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
