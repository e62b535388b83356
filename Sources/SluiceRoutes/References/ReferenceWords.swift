/// What the route language knows of a reference that is one word. The meanings are in Markdown.
package struct ReferenceWord: Sendable {
    /// The reference between `${` and `}`.
    package let name: String
    /// With an article, for messages.
    let noun: String
    /// Its value in a job; `nil` if it is only available in `verify`.
    package var meaning: String?
    /// Its value in `verify`; `nil` if senders cannot sign it.
    package var signed: String?
    /// Whether it is written as a number in JSON.
    package var isNumber = false
    /// Whether it differs when the same request arrives again.
    package var isNewEachTime = false
    /// Whether each part of the body changes it.
    var isOfWholeBody = false
}

/// A value of a request, or of its delivery, that one word names. A new one is a case, its row, and how
/// `DeliveryContext` and, if senders can sign it, `SignedRequest` read it.
package enum RequestValue: Sendable, Hashable, CaseIterable {
    case method, path, url, deliveryID, receivedAt, receivedMilliseconds, remoteAddress, route

    package var row: ReferenceWord {
        switch self {
        case .method:
            ReferenceWord(
                name: "method", noun: "the method", meaning: "The method of the request",
                signed: "The method, such as `POST`")
        case .path:
            ReferenceWord(
                name: "path", noun: "the path", meaning: "The path of the request, decoded, without static tokens",
                signed: "The path as received, not decoded")
        case .url:
            ReferenceWord(
                name: "url", noun: "the URL",
                meaning: "The URL as the provider knows it, from `public_url`, without static tokens",
                signed: "The URL as the sender knows it; needs `public_url`, in the route or in the settings")
        case .deliveryID:
            ReferenceWord(
                name: "delivery.id", noun: "the delivery's id", meaning: "The delivery's id in this gateway",
                isNewEachTime: true)
        case .receivedAt:
            ReferenceWord(
                name: "delivery.received_at", noun: "the time of receipt",
                meaning: "The time of receipt: RFC 3339 in UTC", isNewEachTime: true)
        case .receivedMilliseconds:
            ReferenceWord(
                name: "delivery.received_ms", noun: "the time of receipt",
                meaning: "The time of receipt: milliseconds since 1970 as a number", isNumber: true,
                isNewEachTime: true)
        case .remoteAddress:
            ReferenceWord(
                name: "delivery.remote_address", noun: "the sender's address",
                meaning: "The sender's address: that of the connection, or with `trusted_proxies` the one that the "
                    + "proxy reports. Absent when a dead letter is processed again")
        case .route: ReferenceWord(name: "route", noun: "the route's name", meaning: "The route's name")
        }
    }
}

/// A value that senders derive from a request or a secret before they sign, and that one word names. A new one is a
/// case, its row, and how `SignedRequest` reads it.
package enum DerivedValue: Sendable, Hashable, CaseIterable {
    case key, keyID, target, urlWithPort, urlWithoutPort, urlWithoutQuery, bodyBase64, bodyCRC32, bodyMD5, sortedForm,
        sortedQuery

    package var row: ReferenceWord {
        switch self {
        case .key:
            ReferenceWord(
                name: "key", noun: "the secret",
                signed: "The secret; only with `alg: sha256`, where the signature is a plain digest, and in "
                    + "`key_request`")
        case .keyID:
            ReferenceWord(
                name: "key.id", noun: "the id of the key",
                signed: "The id of the key that a token names; only in `key_request`")
        case .target: ReferenceWord(name: "target", noun: "the target", signed: "The path and the query as received")
        case .urlWithPort:
            ReferenceWord(
                name: "url.with_port", noun: "the URL with its port",
                signed: "The URL with the port of its scheme, `:443` or `:80`, if it has none")
        case .urlWithoutPort:
            ReferenceWord(
                name: "url.without_port", noun: "the URL without its port", signed: "The URL without its port")
        case .urlWithoutQuery:
            ReferenceWord(
                name: "url.without_query", noun: "the URL without its query", signed: "The URL up to the query")
        case .bodyBase64:
            ReferenceWord(
                name: "base64.body", noun: "the body in base64", signed: "The body in base64", isOfWholeBody: true)
        case .bodyCRC32:
            ReferenceWord(
                name: "crc32.body", noun: "the CRC-32 of the body",
                signed: "The CRC-32 of the body as a decimal number", isOfWholeBody: true)
        case .bodyMD5:
            ReferenceWord(
                name: "md5.body", noun: "the MD5 of the body", signed: "The MD5 of the body in base64",
                isOfWholeBody: true)
        case .sortedForm:
            ReferenceWord(
                name: "sorted.form", noun: "the sorted form",
                signed: "The names and values of a URL-encoded body, decoded, sorted by name and then by value, with "
                    + "duplicate pairs removed and with nothing between them",
                isOfWholeBody: true)
        case .sortedQuery:
            ReferenceWord(name: "sorted.query", noun: "the sorted query", signed: "The same for the query")
        }
    }
}

extension ReferenceSource {
    package static var method: ReferenceSource { .request(.method) }
    package static var path: ReferenceSource { .request(.path) }
    package static var url: ReferenceSource { .request(.url) }
    package static var secret: ReferenceSource { .derived(.key) }
    package static var urlWithPort: ReferenceSource { .derived(.urlWithPort) }
    package static var urlWithoutPort: ReferenceSource { .derived(.urlWithoutPort) }
    package static var urlWithoutQuery: ReferenceSource { .derived(.urlWithoutQuery) }
    package static var sortedForm: ReferenceSource { .derived(.sortedForm) }
    package static var sortedQuery: ReferenceSource { .derived(.sortedQuery) }

    /// A value that only `verify` may refer to.
    package static func derived(_ value: DerivedValue) -> ReferenceSource { .verifyOnly(.value(value)) }
}
