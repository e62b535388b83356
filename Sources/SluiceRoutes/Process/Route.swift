package import SluiceBase
internal import SluiceJSON

/// One route, compiled: everything that a request on its path needs. Immutable; shared by all threads.
package final class Route: Sendable {
    /// What the files say about a route, compiled.
    struct Parts {
        var name: String
        var path: [UInt8]
        var methods: [String]
        var bodyLimit: ByteCount
        var verifier: Verifier
        /// Headers that are never stored nor handed on.
        var credentialHeaders: Set<HeaderName>
        var acceptsGzip: Bool
        /// `nil` for any.
        var contentTypes: ContentTypes?
        var body: BodyReader
        var paths: [JSONPath]
        var event: TextTemplate?
        var uniqueKey: UniqueKeyTemplate?
        var onMissingKey: MissingKeyPolicy
        var onChangedBody: ChangedBodyPolicy
        var onUnreadable: UnreadablePolicy
        var dedupeWindow: Duration
        var rules: [JobRule]
        var otherwise: OtherwisePolicy
    }

    /// The position in the table.
    package let index: Int
    let parts: Parts
    let paths: JSONPathSet
    let nameBytes: [UInt8]
    let methodBytes: [[UInt8]]
    /// Headers that the unique key reads; each may stand once.
    let keyHeaders: [HeaderName]

    init(_ parts: Parts, index: Int) {
        self.parts = parts
        self.index = index
        paths = JSONPathSet(parts.paths)
        nameBytes = Array(parts.name.utf8)
        methodBytes = parts.methods.map { Array($0.utf8) }
        keyHeaders = Self.keyHeaders(of: parts)
    }

    /// The headers behind the route's key and those of its rules, also where they stand in the event that a key is made of.
    private static func keyHeaders(of parts: Parts) -> [HeaderName] {
        let templates = parts.rules.compactMap { if case .make(let template) = $0.action { template.uniqueKey } else { nil } }
        let references = ([parts.uniqueKey].compactMap { $0 } + templates).flatMap(\.references)
        var headers: [HeaderName] = []
        for reference in references {
            let behind = if case .event = reference.source { parts.event?.references ?? [] } else { [reference] }
            for case .header(let name) in behind.map(\.source) where !headers.contains(name) { headers.append(name) }
        }
        return headers
    }
}

extension Route {
    /// The scope of unique keys, and the label in logs and metrics.
    package var name: String { parts.name }
    /// As it is matched: decoded.
    package var path: String { String(decoding: parts.path, as: UTF8.self) }
    package var methods: [String] { parts.methods }
    /// The value of `Allow` in a 405.
    package var allow: String { parts.methods.joined(separator: ", ") }
    package var bodyLimit: ByteCount { parts.bodyLimit }
    /// Whether bodies may come with `Content-Encoding: gzip`.
    package var acceptsGzip: Bool { parts.acceptsGzip }
    /// Whether the route asks for a signature; without one it says `verify: none`.
    package var isVerified: Bool { if case .none = parts.verifier { false } else { true } }

    var event: TextTemplate? { parts.event }
    var credentialHeaders: Set<HeaderName> { parts.credentialHeaders }

    /// Why a request is refused for its head alone, before its body is read; `nil` if nothing speaks against it.
    package func refusal(ofHead request: borrowing RequestView) -> ErrorCode? {
        guard allows(request.method) else { return .methodNotAllowed }
        if let types = parts.contentTypes, !types.accept(request.headers) { return .contentTypeNotSupported }
        switch ContentCoding.of(request.headers) {
        case .identity: return nil
        case .gzip: return acceptsGzip ? nil : .contentEncodingNotSupported
        case .other: return .contentEncodingNotSupported
        }
    }

    private func allows(_ method: Span<UInt8>) -> Bool {
        for allowed in methodBytes where method.equals(allowed.span) { return true }
        return false
    }
}
