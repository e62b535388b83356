/// How delivery works: the `zizq.…` settings that are not the client's.
package struct DeliveryConfiguration: Sendable {
    /// `zizq.batch_jobs`, `zizq.batch_bytes`.
    package var limits: BatchLimits
    /// `zizq.timeout`: for an answer, as long as answers come.
    package var timeout: Duration
    /// `zizq.concurrency`: lanes, 1–16. With more than one, jobs may arrive out of commit order.
    package var concurrency: Int
    /// `zizq.unique_keys`.
    package var uniqueKeys: UniqueKeyPolicy

    package init(
        limits: BatchLimits = BatchLimits(), timeout: Duration = .seconds(30), concurrency: Int = 1, uniqueKeys: UniqueKeyPolicy = .auto
    ) {
        precondition(1...16 ~= concurrency, "between one and sixteen batches may be in flight")
        self.limits = limits
        self.timeout = timeout
        self.concurrency = concurrency
        self.uniqueKeys = uniqueKeys
    }
}
