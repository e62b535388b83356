/// Where the walk along the remembered deliveries stands that forgets those whose time has come. No I/O.
///
/// The rows lie in the order in which they came, so with one dedupe window the expired ones are the first ones. With several windows
/// an expired row may lie behind one that stays, so the walk passes over those, up to the row from which on nothing can have
/// expired, and begins again later.
struct KeyExpiry: Equatable {
    /// Milliseconds from the end of one walk to the start of the next, at least.
    static let pause: Int64 = 60_000
    /// A pause is at least this many times as long as the walk before it, so that a large outbox is not walked through all the time.
    static let pauseFactor: Int64 = 20
    /// Rows of one step.
    static let step = 500

    /// The row to go on from.
    private(set) var next: Int64 = 0
    /// The walk begins at or after this time.
    private(set) var dueAt: Int64 = 0
    /// The shortest window that any row may have; 0 until a whole walk has looked.
    private var shortestWindow: Int64 = 0
    /// The shortest window met in this walk or added since it began.
    private var shortestMet: Int64 = .max

    /// When this walk began.
    private var startedAt: Int64 = 0

    /// A step begins.
    mutating func began(now: Int64) {
        if next == 0 { startedAt = now }
    }

    /// A delivery with this window was stored.
    mutating func added(window: Int64) {
        shortestMet = min(shortestMet, window)
        shortestWindow = min(shortestWindow, window)
    }

    /// A row that stays was met.
    mutating func kept(receivedAt: Int64, expiresAt: Int64) { shortestMet = min(shortestMet, expiresAt - receivedAt) }

    /// Whether no row from the one received at `receivedAt` on can have expired.
    func canEnd(atRowReceivedAt receivedAt: Int64, now: Int64) -> Bool { shortestWindow > 0 && receivedAt + shortestWindow > now }

    /// A step ended at the row before `next`.
    mutating func stepped(to next: Int64) { self.next = next }

    /// The walk ended, at the last row or, with `early`, at one from which on nothing can have expired.
    mutating func ended(early: Bool, now: Int64) {
        if !early { shortestWindow = shortestMet == .max ? 0 : shortestMet }
        if !early { shortestMet = .max }
        next = 0
        dueAt = now + max(Self.pause, Self.pauseFactor * (now - startedAt))
    }
}
