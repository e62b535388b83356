package import SluiceBase
package import SluiceJSON

/// The value that a reference names.
package enum ReferenceSource: Sendable, Hashable {
    /// A value of the body, or with the root path the whole body.
    case body(JSONPath)
    /// One request header.
    case header(HeaderName)
    /// All request headers as an object, without credentials.
    case headers
    /// A parameter of the query.
    case query(String)
    /// A parameter of the path: the decoded segment at this index, from 0.
    case parameter(String, segment: Int)
    /// A value of the request or the delivery that one word names: `method`, `delivery.id`.
    case request(RequestValue)
    /// The event, as defined by the route or its provider.
    case event
    /// SHA-256 of the body, after gzip, or of the exact bytes of a value in it, in hex.
    case bodyDigest(JSONPath)
    /// The current element, with `each`, or a value in it.
    case item(JSONPath)
    /// SHA-256 of the exact bytes of the element, or of a value in it, in hex.
    case itemDigest(JSONPath)
    /// The position of the element, from 0.
    case index
    /// Only in `verify`: the values of `timestamp_from` and `id_from`.
    case signedTimestamp
    case signedID
    /// Only in a preset: the value of the route's `account` with this name. Replaced before compilation.
    case account(String)
    /// Only in the reply of a handshake: the authentication code of the rule.
    case handshakeHMAC
    /// Only in `verify`.
    case verifyOnly(VerifyReference)
}

/// Values that senders derive from a request or a secret before they sign.
package indirect enum VerifyReference: Sendable, Hashable {
    /// A value that one word names: `md5.body`.
    case value(DerivedValue)
    /// Another value in lower case.
    case lower(ReferenceSource)
    /// Another value with a backslash before each backslash and colon.
    case escaped(ReferenceSource)
    /// The fields of a form but this one, sorted and joined.
    case formWithout(String)
    /// The headers that this header lists.
    case listedHeaders(HeaderName)

    /// The same reference for another value, if it is derived from one.
    package func replacing(inner: ReferenceSource) -> VerifyReference {
        switch self {
        case .lower: .lower(inner)
        case .escaped: .escaped(inner)
        case .value, .formWithout, .listedHeaders: self
        }
    }

    /// The value that it is derived from, if any.
    package var inner: ReferenceSource? {
        switch self {
        case .lower(let source), .escaped(let source): source
        case .value, .formWithout, .listedHeaders: nil
        }
    }
}

extension ReferenceSource {
    /// The path into the body, if the reference has one that must be found.
    ///
    /// - Parameter items: the path of the elements, with `each`.
    package func bodyPath(items: JSONPath?) -> JSONPath? {
        switch self {
        case .body(let path): path
        case .bodyDigest(let path): path.steps.isEmpty ? nil : path
        case .item(let path), .itemDigest(let path): JSONPath((items?.steps ?? []) + path.steps)
        case .verifyOnly(let source): source.inner?.bodyPath(items: items)
        case .header, .headers, .query, .parameter, .request, .event, .index, .signedTimestamp, .signedID, .account,
            .handshakeHMAC:
            nil
        }
    }

    /// The header that it names, or that its value is derived from; `nil` for anything else.
    var header: HeaderName? {
        switch self {
        case .header(let name), .verifyOnly(.listedHeaders(let name)): name
        case .verifyOnly(let source): source.inner?.header
        case .body, .item, .bodyDigest, .itemDigest, .headers, .query, .parameter, .request, .event, .index,
            .signedTimestamp, .signedID, .account, .handshakeHMAC:
            nil
        }
    }

    /// Whether it is a value of the body, which has a JSON type.
    package var isOfBody: Bool {
        switch self {
        case .body, .item: true
        case .verifyOnly(let source): source.inner?.isOfBody ?? false
        case .bodyDigest, .itemDigest, .header, .headers, .query, .parameter, .request, .event, .index,
            .signedTimestamp, .signedID, .account, .handshakeHMAC:
            false
        }
    }

    /// Whether it needs the body of the request.
    package var readsBody: Bool {
        switch self {
        case .body, .bodyDigest, .item, .itemDigest, .index: true
        case .header, .headers, .query, .parameter, .request, .event, .signedTimestamp, .signedID, .verifyOnly,
            .account, .handshakeHMAC:
            false
        }
    }

    /// Whether it is a value of one element, and so needs `each`.
    package var isOfItem: Bool {
        switch self {
        case .item, .itemDigest, .index: true
        case .verifyOnly(let source): source.inner?.isOfItem ?? false
        case .body, .bodyDigest, .header, .headers, .query, .parameter, .request, .event, .signedTimestamp, .signedID,
            .account, .handshakeHMAC:
            false
        }
    }
}

extension ReferenceSource {
    /// Whether it is a part of a request that its sender can have signed.
    package var mayBeSigned: Bool {
        switch self {
        case .body, .bodyDigest, .header, .query, .parameter, .item, .signedTimestamp, .signedID, .account: true
        case .request(let value): value.row.signed != nil
        case .verifyOnly(let source): source.inner?.mayBeSigned ?? true
        case .headers, .event, .itemDigest, .index, .handshakeHMAC: false
        }
    }

    /// Whether it is the whole body in any form.
    var isOfWholeBody: Bool {
        switch self {
        case .body(.root), .bodyDigest(.root), .verifyOnly(.formWithout): true
        case .verifyOnly(.value(let value)): value.row.isOfWholeBody
        default: false
        }
    }

    /// Whether it is the URL, or a variant of it.
    package var isURL: Bool {
        switch self {
        case .url, .urlWithPort, .urlWithoutPort, .urlWithoutQuery: true
        default: false
        }
    }

    /// Whether the body is read as a form to get it.
    var isOfForm: Bool {
        if case .verifyOnly(.formWithout) = self { true } else { self == .sortedForm }
    }

    /// Whether it is names and values without separators.
    package var isSortedPairs: Bool { self == .sortedForm || self == .sortedQuery }
}

/// The default for a value that is absent or null.
package struct ReferenceFallback: Sendable, Hashable {
    /// As JSON.
    package let json: [UInt8]
    /// As it is written inside other text.
    let text: [UInt8]

    package init(json: [UInt8], text: [UInt8]) {
        self.json = json
        self.text = text
    }
}

/// A reference as a route uses it.
package struct Reference: Sendable, Hashable {
    package var source: ReferenceSource
    /// The index of its body path among the paths of the route, or -1 for none.
    package var pathID = -1
    package let fallback: ReferenceFallback?

    package init(source: ReferenceSource, pathID: Int = -1, fallback: ReferenceFallback?) {
        self.source = source
        self.pathID = pathID
        self.fallback = fallback
    }
}

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
