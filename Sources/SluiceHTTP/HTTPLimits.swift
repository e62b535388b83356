/// What one HTTP connection may take, in bytes, lines and time. Made once from the settings, copied into each connection.
package struct HTTPLimits: Sendable, Hashable {
    /// A whole head, from the first byte of the request or status line to the empty line's line feed. Above it 431.
    package var headBytes = 32 * 1024
    /// Header lines of a head, and trailer lines of a chunked body. Above it 431.
    package var headerLines = 100
    /// A request target. Above it 414.
    package var targetBytes = 8 * 1024
    /// All chunk extensions of one body together (RFC 9112 §7.1.1 asks for a limit). Above it 400.
    package var chunkExtensionBytes = 8 * 1024
    /// Sizes and line ends of the chunks of one body: so many bytes, and one more for each byte of data. Above it 400.
    package var chunkFramingBytes = 64 * 1024
    /// All trailer lines of one body together. Above it 431.
    package var trailerBytes = 8 * 1024
    /// From a request's first byte to the end of its head; also for the TLS handshake. Above it 408.
    package var headTime = Duration.seconds(10)
    /// From the end of a head to the end of its body. Above it 408.
    package var bodyTime = Duration.seconds(30)
    /// Between two requests, and before the first. Above it the connection closes without an answer.
    package var idleTime = Duration.seconds(75)
    /// For the other side to take a whole answer. Above it the connection closes.
    package var writeTime = Duration.seconds(10)
    /// What a streamed answer may have on its way without the socket having taken it; the piece that goes over it is still taken. A service
    /// that sends more all the same loses its connection.
    package var streamBytes = 1024 * 1024
    /// What a body of more than 64 KiB has to bring in each `bodyRateInterval`, in bytes per second. Below it 408.
    package var bodyRate = 16 * 1024
    /// How often that is checked, and how long a body has before it is checked first.
    package var bodyRateInterval = Duration.seconds(5)
    /// After an answer that closes the connection: how long the sender may be silent while what it still sends is discarded, so that the
    /// answer is not lost in a reset (RFC 9112 §9.6). `bodyTime` limits the whole.
    package var lingerTime = Duration.seconds(2)
    /// How many bytes are discarded at most. More than a large body: a sender that writes without looking finds its answer only when it has
    /// written everything.
    package var lingerBytes = 64 * 1024 * 1024

    /// The defaults that `docs/reference/settings.md` lists.
    package init() {}
}
