import SluiceBase
import Testing

@testable import DevQueue

extension QueueUnderTest {
    /// One who takes jobs, as `GET /jobs/take` with this query begins to.
    func taker(_ query: String = "", wake: @escaping @Sendable () -> Void = {}) throws -> JobTakers.ID {
        let bytes = Array(query.utf8)
        return store.openTaker(try TakeRequest(QueryParameters(bytes.span)), wake: wake)
    }
}
