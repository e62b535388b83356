/// Who takes jobs, and which ones each has and has not acknowledged.
struct JobTakers {
    /// Names one who takes jobs.
    typealias ID = Int

    private struct Taker {
        let request: TakeRequest
        let wake: @Sendable () -> Void
        var held: Set<JobIdentifier> = []
        /// Found nothing, and wants to be woken when there is something.
        var isWaiting = false

        var hasRoom: Bool { held.count < request.prefetch }
    }

    private var takers: [ID: Taker] = [:]
    private var holders: [JobIdentifier: ID] = [:]
    private var last = 0

    var isEmpty: Bool { takers.isEmpty }

    mutating func open(_ request: TakeRequest, wake: @escaping @Sendable () -> Void) -> ID {
        last += 1
        takers[last] = Taker(request: request, wake: wake)
        return last
    }

    /// - Returns: the jobs that it leaves behind, in order.
    mutating func close(_ id: ID) -> [JobIdentifier] {
        let held = takers.removeValue(forKey: id)?.held.sorted() ?? []
        for job in held { holders[job] = nil }
        return held
    }

    /// From which queues it may take another job now.
    func request(of id: ID) -> TakeRequest? {
        guard let taker = takers[id], taker.hasRoom else { return nil }
        return taker.request
    }

    mutating func give(_ job: JobIdentifier, to id: ID) {
        takers[id]?.held.insert(job)
        holders[job] = id
    }

    /// Takes a job off whoever has it.
    ///
    /// - Returns: whether anybody had it.
    mutating func settle(_ job: JobIdentifier) -> Bool {
        guard let holder = holders.removeValue(forKey: job) else { return false }
        takers[holder]?.held.remove(job)
        return true
    }

    mutating func wait(_ id: ID) { takers[id]?.isWaiting = true }

    /// The calls that wake those who wait, and for whom the question is answered with yes; they wait no longer.
    mutating func wakes(where hasWork: (TakeRequest) -> Bool) -> [@Sendable () -> Void] {
        var calls: [@Sendable () -> Void] = []
        for (id, taker) in takers where taker.isWaiting && taker.hasRoom && hasWork(taker.request) {
            takers[id]?.isWaiting = false
            calls.append(taker.wake)
        }
        return calls
    }

    /// The jobs that anybody has are nobody's any more.
    mutating func forgetJobs() {
        holders = [:]
        for id in takers.keys { takers[id]?.held = [] }
    }
}
