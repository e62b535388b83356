package import SluiceBase

/// A complete answer; its ranges point into the buffer that the parser read.
package struct ReceivedResponse: Sendable, Hashable {
    /// 200–599.
    package let status: Int
    /// In the order of arrival.
    package let fields: [HeaderField]
    /// The body, chunk framing undone.
    package let body: Range<Int>
    /// Whether the connection can carry another request. False also when bytes follow that nobody asked for.
    package let keepAlive: Bool

    /// The header lines over the buffer.
    @_lifetime(copy bytes)
    package func headers(over bytes: Span<UInt8>) -> HeaderView { HeaderView(bytes: bytes, fields: fields) }
}
