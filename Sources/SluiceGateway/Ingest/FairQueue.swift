/// A queue for a thread that does one piece of work at a time, which is fair to senders: of two senders the one with
/// less work done is next, a small piece before a large one. Neither many pieces of one sender nor a large one delay
/// another sender by more than the current piece. State without I/O.
///
/// Self-clocked fair queueing: a piece is due after the sender's last one, or after the current one, by the amount of
/// its work.
struct FairQueue<Element> {
    /// An address, or an IPv6 network (`PeerAddress.network`).
    typealias Sender = SIMD16<UInt8>

    private struct Piece {
        let sender: Sender
        /// The sender's due time before this piece.
        let begin: Int
        let due: Int
        let element: Element
    }

    private var pieces: [Piece] = []
    /// The due time of each sender's last piece. Cleared when the queue is empty.
    private var lastDue: [Sender: Int] = [:]
    /// The due time of the last piece taken.
    private var now = 0

    var count: Int { pieces.count }

    /// Adds a piece.
    ///
    /// - Parameter work: the cost, in any unit.
    mutating func insert(_ element: Element, of sender: Sender, work: Int) {
        let begin = max(now, lastDue[sender] ?? 0)
        lastDue[sender] = begin + work
        pieces.append(Piece(sender: sender, begin: begin, due: begin + work, element: element))
    }

    /// Removes the piece that is due last.
    mutating func removeLast() -> Element? {
        guard let index = pieces.indices.max(by: { pieces[$0].due < pieces[$1].due }) else { return nil }
        let piece = pieces.remove(at: index)
        // It was the last piece of its sender in the queue.
        lastDue[piece.sender] = piece.begin
        return piece.element
    }

    /// Removes the piece that is due first; of several, the oldest.
    mutating func next() -> Element? {
        guard let index = pieces.indices.min(by: { pieces[$0].due < pieces[$1].due }) else { return nil }
        let piece = pieces.remove(at: index)
        now = piece.due
        if pieces.isEmpty { forget() }
        return piece.element
    }

    private mutating func forget() {
        lastDue.removeAll(keepingCapacity: true)
        now = 0
    }
}

/// Two fair queues that take turns while pieces wait in both: one for senders that are known, one for all others. State
/// without I/O.
struct KnownFirst<Element> {
    private let limit: Int
    private var known = FairQueue<Element>()
    private var others = FairQueue<Element>()
    private var isTurnOfKnown = true

    /// - Parameter limit: the maximum number of waiting pieces, at least 1.
    init(limit: Int) { self.limit = limit }

    /// Adds a piece.
    ///
    /// - Returns: the piece to refuse if there are too many: the last one due of known senders if they have more than
    ///   half, otherwise of the others. It may be the new one.
    mutating func insert(
        _ element: Element, of sender: FairQueue<Element>.Sender, isKnown: Bool, work: Int
    ) -> Element? {
        if isKnown {
            known.insert(element, of: sender, work: work)
        } else {
            others.insert(element, of: sender, work: work)
        }
        guard known.count + others.count > limit else { return nil }
        return known.count > (limit + 1) / 2 ? known.removeLast() : others.removeLast()
    }

    /// Removes the next piece.
    mutating func next() -> Element? {
        defer { isTurnOfKnown.toggle() }
        return isTurnOfKnown ? known.next() ?? others.next() : others.next() ?? known.next()
    }
}

/// The senders that were added last, a bounded number of them.
struct RecentSenders {
    private let limit: Int
    private var all: Set<SIMD16<UInt8>> = []
    /// In a ring, from `oldest`.
    private var order: [SIMD16<UInt8>] = []
    private var oldest = 0

    init(limit: Int) { self.limit = limit }

    func contains(_ sender: SIMD16<UInt8>) -> Bool { all.contains(sender) }

    mutating func insert(_ sender: SIMD16<UInt8>) {
        guard all.insert(sender).inserted else { return }
        guard order.count == limit else { return order.append(sender) }
        all.remove(order[oldest])
        order[oldest] = sender
        oldest = (oldest + 1) % limit
    }
}
