/// The parameters of `GET /jobs/take`.
package struct TakeRequest: Sendable, Hashable {
    /// `nil` for all queues.
    let queues: [String]?
    /// The maximum number of unacknowledged jobs; at least 1.
    let prefetch: Int

    init(_ parameters: QueryParameters) throws(RejectedJobError) {
        let names = parameters["queue"]?.split(separator: ",").map(String.init) ?? []
        queues = names.isEmpty ? nil : names
        guard let prefetch = Int(parameters["prefetch"] ?? "1"), prefetch > 0 else {
            throw RejectedJobError(400, "prefetch must be a number above 0")
        }
        self.prefetch = prefetch
    }
}

/// The workers and the jobs that each of them has.
struct JobWorkers {
    /// Identifies a worker.
    typealias ID = Int

    private struct Worker {
        let request: TakeRequest
        let wake: @Sendable () -> Void
        var held: Set<JobIdentifier> = []
        /// Whether it has found no job and waits to be woken.
        var isWaiting = false

        var hasRoom: Bool { held.count < request.prefetch }
    }

    private var workers: [ID: Worker] = [:]
    private var last = 0

    var isEmpty: Bool { workers.isEmpty }

    mutating func open(_ request: TakeRequest, wake: @escaping @Sendable () -> Void) -> ID {
        last += 1
        workers[last] = Worker(request: request, wake: wake)
        return last
    }

    /// - Returns: the jobs that the worker had, in order.
    mutating func close(_ id: ID) -> [JobIdentifier] { workers.removeValue(forKey: id)?.held.sorted() ?? [] }

    /// The parameters of a worker with room for another job.
    func request(of id: ID) -> TakeRequest? { workers[id].flatMap { $0.hasRoom ? $0.request : nil } }

    mutating func give(_ job: JobIdentifier, to id: ID) { workers[id]?.held.insert(job) }

    /// Removes an acknowledged job from its worker.
    ///
    /// - Returns: whether a worker had it.
    mutating func settle(_ job: JobIdentifier) -> Bool {
        workers.keys.contains { workers[$0]?.held.remove(job) != nil }
    }

    mutating func wait(_ id: ID) { workers[id]?.isWaiting = true }

    /// The functions that wake the waiting workers for which `hasWork` is true. They are no longer waiting.
    mutating func wakes(where hasWork: (TakeRequest) -> Bool) -> [@Sendable () -> Void] {
        var calls: [@Sendable () -> Void] = []
        for (id, worker) in workers where worker.isWaiting && worker.hasRoom && hasWork(worker.request) {
            workers[id]?.isWaiting = false
            calls.append(worker.wake)
        }
        return calls
    }

    /// Removes all jobs from all workers.
    mutating func forgetJobs() {
        for id in workers.keys { workers[id]?.held = [] }
    }
}
