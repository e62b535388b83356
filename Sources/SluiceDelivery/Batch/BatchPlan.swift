internal import SluiceBase

/// What of a batch is still to be sent, and in which pieces: cut to size, and halved until those that Zizq refuses stand alone.
///
/// A value without I/O. Pieces are sent in commit order.
struct BatchPlan {
    /// A stretch of the batch that goes in one request.
    struct Piece {
        var jobs: ArraySlice<DeliveryJob>
        /// Whether an earlier send of these jobs may have reached Zizq, so that a duplicate is no news.
        var mayHaveBeenStored: Bool
    }

    /// A job that was refused alone while nothing else had been accepted.
    struct Suspect {
        let job: DeliveryJob
        let reason: DeadLetterReason
        let text: String
    }

    /// The next piece is the last one.
    private var pieces: [Piece] = []
    private(set) var suspects: [Suspect] = []
    /// Whether Zizq has refused the batch, or a part of it, without saying which job.
    private var isRefused = false
    /// Whether Zizq has taken a job since then.
    private var hasAcceptedSinceRefusal = false

    /// A plan with nothing to send.
    init() {}

    init(_ jobs: [DeliveryJob], mayHaveBeenStored: Bool) {
        if !jobs.isEmpty { pieces = [Piece(jobs: jobs[...], mayHaveBeenStored: mayHaveBeenStored)] }
    }

    /// Whether nothing is left to send; suspects may be.
    var isExhausted: Bool { pieces.isEmpty }

    /// Takes the next piece, at most this large; a job that is larger than the bytes goes alone.
    mutating func takePiece(maximumJobs: Int, maximumBytes: Int) -> Piece? {
        guard var piece = pieces.popLast() else { return nil }
        let count = Self.fittingCount(piece.jobs, maximumJobs: maximumJobs, maximumBytes: maximumBytes)
        if count < piece.jobs.count {
            var rest = piece
            rest.jobs = piece.jobs.dropFirst(count)
            pieces.append(rest)
            piece.jobs = piece.jobs.prefix(count)
        }
        return piece
    }

    private static func fittingCount(_ jobs: ArraySlice<DeliveryJob>, maximumJobs: Int, maximumBytes: Int) -> Int {
        var bytes = 0
        var count = 0
        for job in jobs.prefix(max(1, maximumJobs)) {
            bytes += job.byteCount
            if count > 0, bytes > maximumBytes { break }
            count += 1
        }
        return count
    }

    /// Puts a piece back, to be sent again as the next.
    mutating func putBack(_ piece: Piece, mayHaveBeenStored: Bool) {
        guard !piece.jobs.isEmpty else { return }
        pieces.append(Piece(jobs: piece.jobs, mayHaveBeenStored: piece.mayHaveBeenStored || mayHaveBeenStored))
    }

    /// Zizq took the piece.
    mutating func pieceAccepted() { hasAcceptedSinceRefusal = true }

    /// Zizq refused one job of the piece by its position: the rest goes again.
    ///
    /// - Returns: the job.
    mutating func jobRefused(at position: Int, of piece: Piece) -> DeliveryJob {
        let index = piece.jobs.startIndex + position
        let culprit = piece.jobs[index]
        var rest = piece
        rest.jobs.remove(at: index)
        putBack(rest, mayHaveBeenStored: false)
        return culprit
    }

    /// Zizq refused the piece without saying which job it meant: its halves go next, and a job alone becomes a suspect.
    ///
    /// - Parameter reason: why the job is dead, if it turns out to be to blame.
    mutating func pieceRefused(_ piece: Piece, text: String, reason: DeadLetterReason = .refusedByZizq) {
        if !isRefused {
            isRefused = true
            hasAcceptedSinceRefusal = false
        }
        if !halve(piece), let job = piece.jobs.first { suspects.append(Suspect(job: job, reason: reason, text: text)) }
    }

    /// Puts the halves of a piece in its place.
    ///
    /// - Returns: `false` for a job alone, which is not put back.
    mutating func halve(_ piece: Piece) -> Bool {
        guard piece.jobs.count > 1 else { return false }
        let middle = piece.jobs.startIndex + (piece.jobs.count + 1) / 2
        putBack(Piece(jobs: piece.jobs[middle...], mayHaveBeenStored: piece.mayHaveBeenStored), mayHaveBeenStored: false)
        putBack(Piece(jobs: piece.jobs[..<middle], mayHaveBeenStored: piece.mayHaveBeenStored), mayHaveBeenStored: false)
        return true
    }

    /// Takes the suspects that are guilty: another job of the same batch was accepted after the batch was first refused, so it
    /// is not the server that refuses everything.
    mutating func takeConvicts() -> [Suspect] {
        guard hasAcceptedSinceRefusal else { return [] }
        defer { suspects = [] }
        return suspects
    }

    /// Whether everything was sent, and what was refused alone stands without proof.
    var isStuck: Bool { pieces.isEmpty && !suspects.isEmpty && !hasAcceptedSinceRefusal }

    /// Begins again with the suspects in front of more jobs, among which may be one that Zizq takes.
    mutating func restart(with more: [DeliveryJob]) {
        self = BatchPlan(suspects.map(\.job) + more, mayHaveBeenStored: false)
    }
}
