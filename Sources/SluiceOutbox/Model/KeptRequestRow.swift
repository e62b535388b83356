/// A delivery with its request, if that was kept, and with what became of it. Of each list no more than 500 rows are there.
package struct KeptRequestRow: Sendable, Hashable {
    package let deliveryID: String
    /// The route's name.
    package let route: String
    /// Milliseconds since the epoch.
    package let receivedAtMilliseconds: Int64
    /// The request's raw bytes, without what the verifier read as credentials; nil where it was not kept, or is not any more.
    package let request: [UInt8]?
    /// What is remembered of its parts, each with its key. A part that was a duplicate when the delivery came is not among them, nor one that
    /// was forgotten since.
    package let parts: [DeliveryListing]
    /// Its jobs that are here, whatever their state, in the order of their ids; delivered ones have their ids at Zizq. Without a request, jobs that
    /// came with one that was sent again later may be missing.
    package let jobs: [JobListing]
    /// Its dead letters.
    package let deadLetters: [DeadLetter]
}
