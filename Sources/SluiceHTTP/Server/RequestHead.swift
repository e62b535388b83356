package import SluiceBase

/// What the head of a request says. All ranges count from the request's first byte in the connection's buffer.
package struct RequestHead: Sendable {
    /// A token, in the case in which it was sent.
    package let method: Range<Int>
    /// Path and query. It begins with `/`, or is `*` in an `OPTIONS` request; of an absolute URL only this part is left, because the
    /// gateway serves every host name alike (RFC 9112 §3.2.2).
    package let target: Range<Int>
    /// In the order of arrival.
    package let fields: [HeaderField]
    /// 0 or 1.
    package let minorVersion: Int
    /// Never `untilClose`.
    package let framing: MessageFraming
    /// Whether the sender lets the connection go on after the answer.
    package let keepAlive: Bool
    /// Whether the sender waits for `100 Continue` before it sends its body (RFC 9110 §10.1.1).
    package let expectsContinue: Bool
    /// Bytes up to and including the empty line; an empty line before the request line counts.
    package let length: Int

    /// The request over the bytes that it was parsed from.
    ///
    /// - Parameters:
    ///   - bytes: from the request's first byte on; may be longer than the head.
    ///   - body: the whole body, or nothing while only the head has arrived.
    @_lifetime(copy bytes, copy body)
    package func view(over bytes: Span<UInt8>, body: Span<UInt8>, peer: PeerAddress) -> RequestView {
        RequestView(
            method: bytes.extracting(method), target: bytes.extracting(target), headers: HeaderView(bytes: bytes, fields: fields),
            body: body,
            peer: peer)
    }

    /// The request by itself, for another thread.
    package func shared(over bytes: [UInt8], body: Range<Int>, peer: PeerAddress) -> SharedRequest {
        SharedRequest(head: self, bytes: bytes, body: body, peer: peer)
    }

    /// Whether the answer must go without a body (RFC 9110 §9.3.2).
    package func isHeadMethod(in bytes: Span<UInt8>) -> Bool { bytes.extracting(method).equals("HEAD") }
}

/// A complete request that another thread may read while its connection waits for the answer. Holds the connection's buffer, and no copy.
package struct SharedRequest: Sendable {
    fileprivate let head: RequestHead
    fileprivate let bytes: [UInt8]
    fileprivate let body: Range<Int>
    fileprivate let peer: PeerAddress

    /// Lends the request during the call.
    package func read<Result>(_ use: (borrowing RequestView) -> Result) -> Result {
        let span = bytes.span
        return use(head.view(over: span, body: span.extracting(body), peer: peer))
    }
}
