package import SluiceBase

/// The exact rule that a message broke. The raw value is the reason in the log and completes the sentence in the
/// answer, so it must be true for every message with the fault.
package enum MessageError: String, CaseIterable, Error, Sendable {
    // Lines
    case tlsHandshake = "a TLS handshake on a listener without TLS"
    case bareCarriageReturn = "a carriage return without a line feed"
    case bareLineFeed = "a line feed without a carriage return"
    case controlByte = "a control byte"
    case headTooLarge = "a head over the size limit"
    case tooManyHeaderLines = "too many header lines"

    // The first line
    case requestLine = "a request line that is not a method, a target and an HTTP version with one space between them"
    case method = "a method that is not a token of at most 32 bytes"
    case target = "a request target that is neither a path nor an http or https URL with host, optional port and path"
    case targetByte = "a request target with a character that must be percent-encoded"
    case targetTooLong = "a request target over the limit"
    case version = "a malformed HTTP version"
    case versionNotSupported = "an HTTP version other than 1.0 and 1.1"
    case statusLine = "a malformed status line"
    case switchingProtocols = "an answer that switches to an unrequested protocol"
    case tooManyInterimAnswers = "too many interim answers"

    // Header lines
    case foldedLine = "a header line that begins with white space"
    case spaceBeforeColon = "white space between a header name and its colon"
    case headerName = "a malformed header name, or a header line without a colon"
    case hostMissing = "no Host header"
    case hostTwice = "more than one Host header"
    case host = "a malformed Host header"
    case expectation = "an expectation other than 100-continue"

    // The end of the body
    case contentLength = "a Content-Length that is not a plain decimal number"
    case contentLengthTwice = "more than one Content-Length"
    case bothLengths = "both Content-Length and Transfer-Encoding"
    case transferCodingInOldVersion = "a Transfer-Encoding in an HTTP/1.0 message"
    case transferCoding = "a malformed Transfer-Encoding"
    case chunkedTwice = "the transfer coding chunked applied twice"
    case chunkedNotLast = "a final transfer coding other than chunked"
    case transferCodingNotSupported = "a transfer coding other than chunked"

    // The body
    case bodyTooLarge = "a body over the limit"
    case chunkSize = "a malformed chunk size"
    case chunkExtension = "a malformed chunk extension"
    case chunkExtensionsTooLong = "chunk extensions over the limit"
    case chunkFramingTooLong = "chunks with more framing than data"
    case chunkEnd = "chunk data that is not followed by a line end"
    case trailersTooLarge = "trailers over the limit"
    case bodyTooSlow = "a body that arrives too slowly"
    case truncated = "a connection that closed in the middle of a message"

    /// The error code of the answer.
    package var code: ErrorCode {
        switch self {
        case .headTooLarge, .tooManyHeaderLines, .trailersTooLarge: .headTooLarge
        case .targetTooLong: .targetTooLong
        case .versionNotSupported: .versionNotSupported
        case .expectation: .expectationFailed
        case .transferCodingNotSupported: .transferCodingNotSupported
        case .bodyTooLarge: .bodyTooLarge
        case .bodyTooSlow: .bodyTimeout
        case .tlsHandshake, .bareCarriageReturn, .bareLineFeed, .controlByte, .requestLine, .method, .target,
            .targetByte,
            .version, .statusLine, .switchingProtocols, .tooManyInterimAnswers, .foldedLine, .spaceBeforeColon,
            .headerName, .hostMissing,
            .hostTwice, .host,
            .contentLength, .contentLengthTwice, .bothLengths, .transferCodingInOldVersion, .transferCoding,
            .chunkedTwice,
            .chunkedNotLast, .chunkSize, .chunkExtension, .chunkExtensionsTooLong, .chunkFramingTooLong, .chunkEnd,
            .truncated:
            .malformedRequest
        }
    }
}

/// The limits of one HTTP connection, in bytes, lines and time. Created once from the settings and copied into each
/// connection.
package struct HTTPLimits: Sendable, Hashable {
    /// A whole head, from the first byte of the request or status line to the end of the empty line. Above it 431.
    package var headBytes = 32 * 1024
    /// Header lines of a head, and trailer lines of a chunked body. Above it 431.
    package var headerLines = 100
    /// A request target. Above it 414.
    package var targetBytes = 8 * 1024
    /// All chunk extensions of one body together (RFC 9112 §7.1.1 asks for a limit). Above it 400.
    package var chunkExtensionBytes = 8 * 1024
    /// Sizes and line ends of the chunks of one body: this many bytes, plus one for each byte of data. Above it 400.
    package var chunkFramingBytes = 64 * 1024
    /// All trailer lines of one body together. Above it 431.
    package var trailerBytes = 8 * 1024
    /// From a request's first byte to the end of its head; also for the TLS handshake. Above it 408.
    package var headTime = Duration.seconds(10)
    /// From the end of a head to the end of its body. Above it 408.
    package var bodyTime = Duration.seconds(30)
    /// Between two requests, and before the first. Above it the connection closes without an answer.
    package var idleTime = Duration.seconds(75)
    /// For the peer to receive a whole answer. Above it the connection closes.
    package var writeTime = Duration.seconds(10)
    /// Unsent bytes of a streamed answer; the piece that exceeds the limit is still accepted. If the service sends
    /// more, its connection closes.
    package var streamBytes = 1024 * 1024
    /// The minimum rate of a body of more than 64 KiB in each `bodyRateInterval`, in bytes per second. Below it 408.
    package var bodyRate = 16 * 1024
    /// How often the rate is checked, and the time before the first check.
    package var bodyRateInterval = Duration.seconds(5)
    /// After an answer that closes the connection: the maximum silence while further bytes of the sender are discarded,
    /// so that the answer is not lost in a reset (RFC 9112 §9.6). `bodyTime` limits the total.
    package var lingerTime = Duration.seconds(2)
    /// The maximum number of discarded bytes. More than a large body: a sender that does not read while it writes sees
    /// its answer only after it has written everything.
    package var lingerBytes = 64 * 1024 * 1024

    /// The defaults in `docs/reference/settings.md`.
    package init() {}
}
