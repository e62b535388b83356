/// How the end of a message's body is found (RFC 9112 §6.3).
package enum MessageFraming: Sendable, Hashable {
    /// There is no body.
    case none
    /// So many bytes follow the head; not negative, below 10^18.
    case length(Int)
    /// Chunks follow the head.
    case chunked
    /// Everything until the connection closes; in answers only.
    case untilClose
}
