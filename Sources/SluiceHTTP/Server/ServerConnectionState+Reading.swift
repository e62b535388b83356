internal import SluiceBase

/// Decisions about received bytes.
extension ServerConnectionState {
    mutating func parseHead(_ bytes: Span<UInt8>, at now: Int64) -> Action {
        guard !bytes.isEmpty else { return awaitBytes() }
        let step = parser.parse(bytes)
        if parser.hasBegun { deadlines.began(.head, at: now) }
        switch step {
        case .needMore: return awaitBytes()
        case .head(let head):
            phase = .admission(head)
            deadlines.ended()
            return .admit(head)
        case .refused(let code): return refuse(code, parser.fault)
        }
    }

    mutating func continueBody(_ head: RequestHead, end: Int, available: Int, at now: Int64) -> Action {
        guard available >= end else {
            phase = .lengthBody(head, end: end)
            awaitBody(available - head.length, at: now)
            return awaitBytes()
        }
        return work(head, end: end)
    }

    mutating func decode(_ head: RequestHead, with decoder: ChunkedDecoder, _ buffer: inout [UInt8], at now: Int64)
        -> Action
    {
        var decoder = decoder
        switch decoder.decode(&buffer) {
        case .needMore:
            phase = .chunkedBody(head, decoder)
            awaitBody(decoder.bodyEnd - decoder.bodyStart, at: now)
            return awaitBytes()
        case .complete(let end): return work(head, end: end)
        case .refused(let code): return refuse(code, decoder.fault)
        }
    }

    /// Bytes arrived while lingering, and were discarded.
    package mutating func discarded(_ count: Int, at now: Int64) -> Action {
        guard case .lingering(let discarded) = phase, discarded + count <= limits.lingerBytes else { return close() }
        phase = .lingering(discarded: discarded + count)
        deadlines.extend(at: now)
        return .read
    }

    private mutating func awaitBody(_ received: Int, at now: Int64) {
        deadlines.began(.body, at: now)
        bodyReceived = received
    }

    private mutating func work(_ head: RequestHead, end: Int) -> Action {
        phase = .work(head, end: end)
        deadlines.ended()
        bodyReceived = 0
        return .work(head, body: head.length..<end)
    }
}

extension RequestHead {
    /// The end of the request in the buffer; `nil` for a chunked body.
    var end: Int? {
        switch framing {
        case .none: length
        case .length(let count): length + count
        case .chunked, .untilClose: nil
        }
    }
}

/// The work of one connection in one turn of its event loop: requests in its buffer, and reads from its socket or TLS
/// session. State without I/O.
struct TurnAllowance {
    static let requests = 16
    /// With TLS, a read returns one record, which may contain a single byte.
    static let reads = 16
    static let bytes = 64 * 1024

    private var turn: UInt64 = 0
    private var requestsTaken = 0
    private var readsTaken = 0
    private var bytesTaken = 0

    /// Takes a request from the allowance.
    ///
    /// - Parameter current: `EventLoop.turnNumber`.
    /// - Returns: `false` if it has to wait for another turn.
    mutating func takeRequest(in current: UInt64) -> Bool {
        begin(current)
        guard requestsTaken < Self.requests else { return false }
        requestsTaken += 1
        return true
    }

    /// Takes a read from the allowance, in the same way.
    mutating func takeRead(in current: UInt64) -> Bool {
        begin(current)
        guard readsTaken < Self.reads, bytesTaken < Self.bytes else { return false }
        readsTaken += 1
        return true
    }

    /// Records the size of the last read.
    mutating func read(_ count: Int) { bytesTaken += count }

    private mutating func begin(_ current: UInt64) {
        guard current != turn else { return }
        turn = current
        (requestsTaken, readsTaken, bytesTaken) = (0, 0, 0)
    }
}
