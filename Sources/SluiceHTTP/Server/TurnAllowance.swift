/// What one connection may do in one turn of its event loop before the others come: requests that wait in its buffer, and reads of what
/// its socket or TLS session has. State without I/O.
struct TurnAllowance {
    static let requests = 16
    /// With TLS a read brings one record, which may hold a single byte.
    static let reads = 16
    static let bytes = 64 * 1024

    private var turn: UInt64 = 0
    private var requestsTaken = 0
    private var readsTaken = 0
    private var bytesTaken = 0

    /// Takes a request.
    ///
    /// - Parameter current: `EventLoop.turnNumber`.
    /// - Returns: `false` where it has to wait for another turn.
    mutating func takeRequest(in current: UInt64) -> Bool {
        begin(current)
        guard requestsTaken < Self.requests else { return false }
        requestsTaken += 1
        return true
    }

    /// Takes a read, in the same way.
    mutating func takeRead(in current: UInt64) -> Bool {
        begin(current)
        guard readsTaken < Self.reads, bytesTaken < Self.bytes else { return false }
        readsTaken += 1
        return true
    }

    /// Notes what the last read brought.
    mutating func read(_ count: Int) { bytesTaken += count }

    private mutating func begin(_ current: UInt64) {
        guard current != turn else { return }
        turn = current
        (requestsTaken, readsTaken, bytesTaken) = (0, 0, 0)
    }
}
