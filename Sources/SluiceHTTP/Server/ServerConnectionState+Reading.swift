internal import SluiceBase

/// What follows from received bytes.
extension ServerConnectionState {
    mutating func parseHead(_ bytes: Span<UInt8>, at now: Int64) -> Action {
        guard !bytes.isEmpty else { return awaitBytes() }
        deadlines.began(.head, at: now)
        switch parser.parse(bytes) {
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
            deadlines.began(.body, at: now)
            return awaitBytes()
        }
        return work(head, end: end)
    }

    mutating func decode(_ head: RequestHead, _ decoder: ChunkedDecoder, _ buffer: inout [UInt8], at now: Int64) -> Action {
        var decoder = decoder
        switch decoder.decode(&buffer) {
        case .needMore:
            phase = .chunkedBody(head, decoder)
            deadlines.began(.body, at: now)
            return awaitBytes()
        case .complete(let end): return work(head, end: end)
        case .refused(let code): return refuse(code, decoder.fault)
        }
    }

    mutating func discard(_ buffer: inout [UInt8], _ discarded: Int) -> Action {
        let total = discarded + buffer.count
        buffer.removeAll(keepingCapacity: true)
        guard total <= limits.lingerBytes else { return close() }
        phase = .lingering(discarded: total)
        return .read
    }

    private mutating func work(_ head: RequestHead, end: Int) -> Action {
        phase = .work(head, end: end)
        deadlines.ended()
        return .work(head, body: head.length..<end)
    }
}

extension RequestHead {
    /// Where the request ends in the buffer, nil where only the chunks say it.
    var end: Int? {
        switch framing {
        case .none: length
        case .length(let count): length + count
        case .chunked, .untilClose: nil
        }
    }
}
