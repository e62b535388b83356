/// The jobs, in the order of their identifiers, which is that of their arrival. A job is found by bisection; one that is removed leaves a
/// gap, and the gaps are closed when they are as many as the jobs.
struct JobTable {
    /// Ascending.
    private var identifiers: [JobIdentifier] = []
    /// At the same positions; nil is a gap.
    private var jobs: [DevQueueJob?] = []
    private(set) var count = 0

    /// Every position there is, gaps among them.
    var positions: Range<Int> { jobs.indices }

    /// The job at a position; nil at a gap.
    subscript(position position: Int) -> DevQueueJob? { jobs[position] }

    /// The job with this identifier.
    subscript(id: JobIdentifier) -> DevQueueJob? { position(of: id).flatMap { jobs[$0] } }

    /// All jobs, in order.
    var all: [DevQueueJob] { jobs.compactMap(\.self) }

    /// - Parameter job: its identifier is greater than any before it.
    mutating func append(_ job: DevQueueJob) {
        identifiers.append(job.id)
        jobs.append(job)
        count += 1
    }

    /// Changes the job with this identifier.
    ///
    /// - Returns: the job as it is now; nil where there is none.
    @discardableResult
    mutating func update(_ id: JobIdentifier, _ change: (inout DevQueueJob) -> Void) -> DevQueueJob? {
        guard let position = position(of: id), var job = jobs[position] else { return nil }
        change(&job)
        jobs[position] = job
        return job
    }

    /// Removes the job with this identifier.
    mutating func remove(_ id: JobIdentifier) {
        guard let position = position(of: id), jobs[position] != nil else { return }
        jobs[position] = nil
        count -= 1
        if jobs.count > 2 * count + 64 { closeGaps() }
    }

    /// The position of the first job whose identifier is greater.
    func position(behind id: JobIdentifier) -> Int {
        var low = 0
        var high = identifiers.count
        while low < high {
            let middle = (low + high) / 2
            if identifiers[middle] <= id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The position of the first job whose identifier is not less.
    func position(from id: JobIdentifier) -> Int { position(of: id) ?? position(behind: id) }

    private func position(of id: JobIdentifier) -> Int? {
        let position = position(behind: id) - 1
        return position >= 0 && identifiers[position] == id ? position : nil
    }

    private mutating func closeGaps() {
        jobs.removeAll { $0 == nil }
        identifiers = jobs.compactMap { $0?.id }
    }
}
