/// Work that waits for a thread that does one piece at a time, in an order that is fair to senders: of two senders with
/// something in the queue the one that has had less work done comes first, a small piece before a large one. Neither
/// many pieces of one sender nor a large one then hold up another sender's by more than the piece that is being done.
/// State without I/O.
///
/// It is self-clocked fair queueing: a piece is due its work after the sender's last one, or after what is being done
/// now.
struct FairQueue<Element> {
    /// An address, or an IPv6 network (`PeerAddress.network`).
    typealias Sender = SIMD16<UInt8>

    private struct Piece {
        let sender: Sender
        /// Where its sender had come to before it.
        let begin: Int
        let due: Int
        let element: Element
    }

    private let limit: Int
    private var pieces: [Piece] = []
    /// When the last piece of a sender is due. Forgotten with the last piece of all.
    private var lastDue: [Sender: Int] = [:]
    /// When the piece was due that came out last.
    private var now = 0

    /// - Parameter limit: how many wait at most, at least 1.
    init(limit: Int) { self.limit = limit }

    /// Puts a piece in.
    ///
    /// - Parameter work: what it costs, in any unit.
    /// - Returns: the piece that has to go where more wait than may: the one that is due last, which may be the new
    ///   one.
    mutating func insert(_ element: Element, of sender: Sender, work: Int) -> Element? {
        let begin = max(now, lastDue[sender] ?? 0)
        lastDue[sender] = begin + work
        pieces.append(Piece(sender: sender, begin: begin, due: begin + work, element: element))
        return pieces.count > limit ? displaced() : nil
    }

    private mutating func displaced() -> Element? {
        guard let place = pieces.indices.max(by: { pieces[$0].due < pieces[$1].due }) else { return nil }
        let piece = pieces.remove(at: place)
        // No later piece of its sender is in the queue.
        lastDue[piece.sender] = piece.begin
        return piece.element
    }

    /// Takes the piece out that is due first; of several the one that came first.
    mutating func next() -> Element? {
        guard let place = pieces.indices.min(by: { pieces[$0].due < pieces[$1].due }) else { return nil }
        let piece = pieces.remove(at: place)
        now = piece.due
        if pieces.isEmpty { forget() }
        return piece.element
    }

    private mutating func forget() {
        lastDue.removeAll(keepingCapacity: true)
        now = 0
    }
}
