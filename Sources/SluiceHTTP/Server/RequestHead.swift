package import SluiceBase

/// The parsed head of a request. All ranges count from the request's first byte in the connection's buffer.
package struct RequestHead: Sendable {
    /// A token, in its original case.
    package let method: Range<Int>
    /// Path and query. Starts with `/`, or is `*` in an `OPTIONS` request. Of an absolute URL it is only this part,
    /// because the gateway treats all host names alike (RFC 9112 §3.2.2).
    package let target: Range<Int>
    /// In the order of arrival.
    package let fields: [HeaderField]
    /// 0 or 1.
    package let minorVersion: Int
    /// Never `untilClose`.
    package let framing: MessageFraming
    /// Whether the connection may continue after the answer.
    package let keepAlive: Bool
    /// Whether the sender waits for `100 Continue` before it sends its body (RFC 9110 §10.1.1).
    package let expectsContinue: Bool
    /// The number of bytes including the empty line; an empty line before the request line counts.
    package let length: Int

    /// The request over the bytes of the connection.
    ///
    /// - Parameters:
    ///   - bytes: from the request's first byte on; may be longer than the head.
    ///   - body: the whole body, or nothing while only the head has arrived.
    @_lifetime(copy bytes, copy body)
    package func view(over bytes: Span<UInt8>, body: Span<UInt8>, peer: PeerAddress) -> RequestView {
        RequestView(
            method: bytes.extracting(method), target: bytes.extracting(target),
            headers: HeaderView(bytes: bytes, fields: fields),
            body: body,
            peer: peer)
    }

    /// Returns the request in a form that can be passed to another thread.
    package func shared(over bytes: [UInt8], body: Range<Int>, peer: PeerAddress) -> SharedRequest {
        SharedRequest(head: self, bytes: bytes, body: body, peer: peer)
    }

    /// Whether the answer must not have a body (RFC 9110 §9.3.2).
    package func isHeadMethod(in bytes: Span<UInt8>) -> Bool { bytes.extracting(method).equals("HEAD") }
}

/// A complete request that another thread may read while its connection waits for the answer. Retains the connection's
/// buffer without a copy.
package struct SharedRequest: Sendable {
    fileprivate let head: RequestHead
    fileprivate let bytes: [UInt8]
    fileprivate let body: Range<Int>
    fileprivate let peer: PeerAddress

    /// Provides the request during the call.
    package func read<Result>(_ use: (borrowing RequestView) -> Result) -> Result {
        let span = bytes.span
        return use(head.view(over: span, body: span.extracting(body), peer: peer))
    }
}

/// Reduces the four forms of a request target (RFC 9112 §3.2) to path and query.
enum RequestTarget {
    /// Returns the path and query of a target. Throws if it is malformed or its form is not allowed for the method.
    ///
    /// An absolute URL with a query needs a path. The authority form is only for `CONNECT`, which a gateway that is not
    /// a proxy refuses.
    static func resolve(
        _ bytes: Span<UInt8>, method: Range<Int>, target: Range<Int>
    ) throws(MessageError) -> Range<Int> {
        switch bytes[target.lowerBound] {
        case UInt8(ascii: "/"): return target
        case UInt8(ascii: "*"):
            guard target.count == 1, bytes.extracting(method).equals("OPTIONS") else { throw .target }
            return target
        default: return try pathOfAbsolute(bytes, target)
        }
    }

    private static func pathOfAbsolute(_ bytes: Span<UInt8>, _ target: Range<Int>) throws(MessageError) -> Range<Int> {
        guard let scheme = [7, 8].first(where: { hasScheme(bytes, target, count: $0) }) else { throw .target }
        let authorityStart = target.lowerBound + scheme
        var authorityEnd = authorityStart
        while authorityEnd < target.upperBound, bytes[authorityEnd] != UInt8(ascii: "/") { authorityEnd += 1 }
        guard Authority.isValid(bytes, authorityStart..<authorityEnd) else { throw .target }
        guard (authorityEnd..<target.upperBound).allSatisfy({ Grammar.isTarget(bytes[$0]) }) else { throw .targetByte }
        // An empty path is `/` (RFC 9110 §4.2.3); the last slash of `://` is used for it.
        return authorityEnd < target.upperBound
            ? authorityEnd..<target.upperBound : (authorityStart - 1)..<authorityStart
    }

    private static func hasScheme(_ bytes: Span<UInt8>, _ target: Range<Int>, count: Int) -> Bool {
        guard target.count > count else { return false }
        let scheme = bytes.extracting(target.lowerBound..<(target.lowerBound + count))
        return count == 7 ? scheme.equalsIgnoringCase(http.span) : scheme.equalsIgnoringCase(https.span)
    }

    private static let http = Array("http://".utf8)
    private static let https = Array("https://".utf8)
}
