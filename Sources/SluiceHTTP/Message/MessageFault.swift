package import SluiceBase

/// The exact rule that a message broke. The raw value is a sentence for the log; the sender sees only the code's title.
package enum MessageFault: String, CaseIterable, Error, Sendable {
    // Lines
    case tlsHandshake = "a TLS handshake on a listener without TLS"
    case bareCarriageReturn = "a carriage return without a line feed"
    case bareLineFeed = "a line feed without a carriage return"
    case controlByte = "a control byte"
    case headTooLarge = "a head over the size limit"
    case tooManyHeaderLines = "too many header lines"

    // The first line
    case method = "a method that is not a token of at most 32 bytes"
    case target = "a request target that is neither a path nor a whole http or https URL"
    case targetTooLong = "a request target over the limit"
    case version = "a malformed HTTP version"
    case versionNotSupported = "an HTTP version other than 1.0 and 1.1"
    case statusLine = "a malformed status line"
    case switchingProtocols = "an answer that switches to a protocol nobody asked for"
    case tooManyInterimAnswers = "too many interim answers"

    // Header lines
    case foldedLine = "a header line that begins with white space"
    case spaceBeforeColon = "white space between a header name and its colon"
    case headerName = "a malformed header name"
    case hostMissing = "no Host header"
    case hostTwice = "more than one Host header"
    case host = "a malformed Host header"
    case expectation = "an expectation other than 100-continue"

    // Where the body ends
    case contentLength = "a Content-Length that is not a plain decimal number"
    case contentLengthTwice = "more than one Content-Length"
    case bothLengths = "both Content-Length and Transfer-Encoding"
    case transferCodingInOldVersion = "a Transfer-Encoding in an HTTP/1.0 message"
    case transferCoding = "a malformed Transfer-Encoding"
    case chunkedTwice = "the transfer coding chunked applied twice"
    case chunkedNotLast = "a last transfer coding other than chunked"
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

    /// What a request with this fault is answered.
    package var code: ErrorCode {
        switch self {
        case .headTooLarge, .tooManyHeaderLines, .trailersTooLarge: .headTooLarge
        case .targetTooLong: .targetTooLong
        case .versionNotSupported: .versionNotSupported
        case .expectation: .expectationFailed
        case .transferCodingNotSupported: .transferCodingNotSupported
        case .bodyTooLarge: .bodyTooLarge
        case .bodyTooSlow: .bodyTimeout
        case .tlsHandshake, .bareCarriageReturn, .bareLineFeed, .controlByte, .method, .target, .version, .statusLine,
            .switchingProtocols, .tooManyInterimAnswers, .foldedLine, .spaceBeforeColon, .headerName, .hostMissing, .hostTwice, .host,
            .contentLength, .contentLengthTwice, .bothLengths, .transferCodingInOldVersion, .transferCoding, .chunkedTwice,
            .chunkedNotLast, .chunkSize, .chunkExtension, .chunkExtensionsTooLong, .chunkFramingTooLong, .chunkEnd, .truncated:
            .malformedRequest
        }
    }
}
