internal import SluiceBase
internal import SluiceOutbox

/// The jobs of a batch that are still to be sent, in pieces: cut to size, and cut smaller until each job that Zizq
/// refuses is sent alone.
///
/// A value without I/O. Pieces are sent in commit order.
struct BatchPlan {
    /// Consecutive jobs of the batch that are sent in one request.
    struct Piece {
        var jobs: ArraySlice<StoredJob>
        /// Whether an earlier send of these jobs may have reached Zizq, so that a duplicate is expected.
        var mayHaveBeenStored: Bool
        /// The maximum number of jobs in one request, because a larger one with these jobs was refused.
        var maximumJobs = Int.max
        /// How many batches Zizq had accepted when it first refused these jobs together; nil if it has not.
        var refusedAfter: Int?
        /// Whether Zizq named the job by its index, so that it is sent alone to see whether Zizq refuses it.
        var isNamed = false

        /// The approximate size in a request, in bytes.
        var byteCount: Int { jobs.requestBytes }
    }

    /// Why the jobs were read; nil for jobs that come from the outbox for the first time.
    let purpose: RefusalState.Claim.Purpose?
    /// `SetAsideJobs.generation` when the jobs of held queues were taken out.
    var heldGeneration = 0
    /// In reverse order: the next piece is the last one.
    private var pieces: [Piece] = []

    /// A plan with nothing to send.
    init() { purpose = nil }

    /// - Parameters:
    ///   - jobs: in ascending order.
    ///   - last: the last job that an earlier send may have sent to Zizq.
    init(_ jobs: [StoredJob], purpose: RefusalState.Claim.Purpose? = nil, mayHaveBeenStoredThrough last: Int64) {
        self.purpose = purpose
        let end = jobs.firstIndex { $0.id > last } ?? jobs.endIndex
        pieces = [(jobs[end...], false), (jobs[..<end], true)].filter { !$0.0.isEmpty }.map {
            Piece(jobs: $0.0, mayHaveBeenStored: $0.1, maximumJobs: purpose == .trial ? 1 : .max)
        }
    }

    /// Whether nothing is left to send.
    var isExhausted: Bool { pieces.isEmpty }

    /// The ids of all jobs that are left to send.
    var jobs: some Sequence<Int64> { pieces.reversed().lazy.flatMap { $0.jobs.lazy.map(\.id) } }

    /// Takes the next piece within the limits; a job that is larger than the byte limit goes alone.
    mutating func takePiece(maximumJobs: Int, maximumBytes: Int) -> Piece? {
        guard var piece = pieces.popLast() else { return nil }
        let count = Self.fittingCount(
            piece.jobs, maximumJobs: min(maximumJobs, piece.maximumJobs), maximumBytes: maximumBytes)
        if count < piece.jobs.count {
            var rest = piece
            rest.jobs = piece.jobs.dropFirst(count)
            pieces.append(rest)
            piece.jobs = piece.jobs.prefix(count)
        }
        return piece
    }

    private static func fittingCount(_ jobs: ArraySlice<StoredJob>, maximumJobs: Int, maximumBytes: Int) -> Int {
        var bytes = 0
        var count = 0
        for index in jobs.prefix(max(1, maximumJobs)).indices {
            bytes += jobs[index].job.requestBytes
            if count > 0, bytes > maximumBytes { break }
            count += 1
        }
        return count
    }

    /// Whether a job of another queue is still to be sent.
    func hasJob(notOf queue: String) -> Bool {
        pieces.contains { piece in piece.jobs.contains { $0.job.queue != queue } }
    }

    /// Adds jobs that are sent last.
    mutating func append(_ jobs: [StoredJob]) {
        if !jobs.isEmpty { pieces.insert(Piece(jobs: jobs[...], mayHaveBeenStored: false), at: 0) }
    }

    /// Removes and returns the jobs of some queues.
    mutating func take(where isTaken: (String) -> Bool) -> [StoredJob] {
        var taken: [StoredJob] = []
        for index in pieces.indices.reversed() {
            taken += pieces[index].jobs.filter { isTaken($0.job.queue) }
            pieces[index].jobs.removeAll { isTaken($0.job.queue) }
        }
        pieces.removeAll(where: \.jobs.isEmpty)
        return taken
    }

    /// Takes one job: the next of a queue that is not in the set, or else the next of any.
    mutating func takeJob(notOf queues: Set<String>) -> Piece? {
        for piece in pieces.indices.reversed() {
            if let job = pieces[piece].jobs.firstIndex(where: { !queues.contains($0.job.queue) }) {
                return takeJob(job, of: piece)
            }
        }
        return pieces.last.map { takeJob($0.jobs.startIndex, of: pieces.endIndex - 1) }
    }

    private mutating func takeJob(_ job: Int, of piece: Int) -> Piece {
        var taken = pieces[piece]
        taken.jobs = taken.jobs[job...job]
        pieces[piece].jobs.remove(at: job)
        if pieces[piece].jobs.isEmpty { pieces.remove(at: piece) }
        return taken
    }

    /// Puts a piece back, to be sent again as the next.
    mutating func putBack(_ piece: Piece, mayHaveBeenStored: Bool) {
        guard !piece.jobs.isEmpty else { return }
        var piece = piece
        piece.mayHaveBeenStored = piece.mayHaveBeenStored || mayHaveBeenStored
        pieces.append(piece)
    }

    /// Puts the job at the position, which Zizq named in its refusal, first, alone; the other jobs follow.
    mutating func split(_ piece: Piece, at position: Int) {
        let index = piece.jobs.startIndex + position
        var rest = piece
        rest.jobs.remove(at: index)
        putBack(rest, mayHaveBeenStored: false)
        var named = piece
        named.jobs = piece.jobs[index...index]
        named.isNamed = true
        pieces.append(named)
    }

    /// Splits a refused piece of which Zizq named no job, or one that it then accepted.
    mutating func split(_ piece: Piece) {
        var parts = piece
        if let jobs = PieceSize.part(of: piece.jobs.count) { parts.maximumJobs = jobs }
        putBack(parts, mayHaveBeenStored: false)
    }

    /// Splits the remaining jobs as if Zizq had named none: it accepted the job that it had named.
    mutating func indexWasWrong() {
        if let rest = pieces.popLast() { split(rest) }
    }

    /// Removes all jobs.
    mutating func removeAll() { pieces = [] }
}

extension ArraySlice<StoredJob> {
    /// The approximate size of the jobs in a request, in bytes.
    var requestBytes: Int {
        // Elements in place: a closure would get a copy of each.
        var bytes = 0
        for index in indices { bytes += self[index].job.requestBytes }
        return bytes
    }
}
