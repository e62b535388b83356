/// Who waits for a reload that was asked for. No I/O.
///
/// A request during a load is answered by the next one, which reads what is there then, and all who wait for it share
/// it: however often somebody asks, no more than one runs and one is to follow.
struct ReloadRequests {
    typealias Answer = @Sendable (RouteReloadService.Report) -> Void

    private var isRunning = false
    private var isWanted = false
    private var waiting: [Answer] = []

    /// Somebody asks, who may want an answer.
    ///
    /// - Returns: whether to start running reloads, of which `next` tells each.
    mutating func asked(_ answer: Answer?) -> Bool {
        isWanted = true
        if let answer { waiting.append(answer) }
        defer { isRunning = true }
        return !isRunning
    }

    /// Before a reload.
    ///
    /// - Returns: who is answered by it; nil where nobody has asked, and the running ends.
    mutating func next() -> [Answer]? {
        guard isWanted else {
            isRunning = false
            return nil
        }
        defer { (isWanted, waiting) = (false, []) }
        return waiting
    }
}
