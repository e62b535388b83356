/// Counts the TLS records that bring no application data: KeyUpdate, empty records, alerts, attempts to renegotiate, pieces of a
/// handshake. Each costs the receiver far more than the sender, and OpenSSL reads on as long as they come. State machine without I/O.
struct TLSRecordLedger {
    /// So many may come, and one more for each `bytesForOne` of application data, never more than this ahead. A handshake takes
    /// four; a peer that follows the limits on key usage sends a KeyUpdate once in many gigabytes (RFC 8446 §5.5).
    static let allowance = 64
    static let bytesForOne = 64 * 1024

    private var left = allowance
    /// Records since the last application data; the one that brings the next data is among them.
    private var sinceData = 0
    private var dataBytes = 0

    /// Whether the peer has sent more of them than it may.
    private(set) var isFlooded = false

    /// The header of a record has been received.
    mutating func recordReceived() {
        sinceData += 1
        if sinceData > left + 1 { isFlooded = true }
    }

    /// Application data came out of the last record.
    mutating func dataReceived(_ count: Int) {
        left -= max(0, sinceData - 1)
        sinceData = 0
        dataBytes += count
        left = min(Self.allowance, left + dataBytes / Self.bytesForOne)
        dataBytes %= Self.bytesForOne
    }

    /// The handshake is complete; what it took does not count against what follows.
    mutating func handshakeCompleted() {
        left = Self.allowance
        sinceData = 0
    }
}
