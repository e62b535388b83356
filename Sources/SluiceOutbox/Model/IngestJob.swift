/// One rendered job, as Zizq gets it.
package struct IngestJob: Sendable, Hashable {
    package let type: String
    package let queue: String
    /// JSON members to stand beside `type` and `queue`, such as `"priority":5,"retry_limit":3`; empty where there are none.
    package let options: [UInt8]
    /// `name:key`; the outbox marks it where it must differ from an earlier acceptance, unless `hasOwnKey`.
    package let uniqueKey: String?
    /// Whether the key is one that a job rule has written, which goes to Zizq as it is. Matters until the job is stored.
    package let hasOwnKey: Bool
    package let uniqueWhile: String?
    /// The payload's exact bytes.
    package let payload: [UInt8]

    package init(
        type: String, queue: String, options: [UInt8] = [], uniqueKey: String? = nil, hasOwnKey: Bool = false, uniqueWhile: String? = nil,
        payload: [UInt8]
    ) {
        self.type = type
        self.queue = queue
        self.options = options
        self.uniqueKey = uniqueKey
        self.hasOwnKey = hasOwnKey
        self.uniqueWhile = uniqueWhile
        self.payload = payload
    }

    /// What a row costs beside its texts and bytes: its numbers, its share of the page and of the delivery's row.
    static let overhead = 256

    /// The job's bytes against `outbox.max_bytes`.
    package var byteCost: Int {
        Self.overhead + type.utf8.count + queue.utf8.count + options.count + (uniqueKey?.utf8.count ?? 0) + (uniqueWhile?.utf8.count ?? 0)
            + payload.count
    }
}
