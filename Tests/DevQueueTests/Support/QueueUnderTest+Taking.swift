import SluiceBase
import Testing

@testable import DevQueue

extension QueueUnderTest {
    /// One who takes jobs, as `GET /jobs/take` with this query begins to.
    func taker(_ query: String = "", wake: @escaping @Sendable () -> Void = {}) throws -> JobWorkers.ID {
        let bytes = Array(query.utf8)
        return store.addWorker(try TakeRequest(QueryParameters(bytes.span)), wake: wake)
    }
}
