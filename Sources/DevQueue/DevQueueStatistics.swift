/// What has happened since the start.
package struct DevQueueStatistics: Sendable, Hashable {
    /// Enqueue requests of both forms, refused ones too.
    package var enqueueRequests = 0
    /// Jobs that were accepted, not counting duplicates.
    package var acceptedJobs = 0
    /// Jobs whose unique key an older job held.
    package var duplicateJobs = 0
    /// Enqueue requests that were refused by the rules.
    package var refusedRequests = 0
    /// Enqueue requests that met a fault which a test had set.
    package var faultyRequests = 0
    /// The most jobs in one request.
    package var largestBulk = 0

    init() {}
}
