internal import SluiceJSON

/// One stored job on its way to Zizq.
package struct RelayJob: Sendable, Hashable {
    /// The job's number in the outbox; a greater one was committed later.
    package let id: Int64
    package let type: String
    package let queue: String
    /// Members of the job object to splice in, such as `"priority":5,"retry_limit":3`; empty where there are none.
    package let options: [UInt8]
    package let uniqueKey: String?
    /// How long the key keeps others out; `exists` where the route says nothing.
    package let uniqueWhile: String?
    /// The payload's JSON.
    package let payload: [UInt8]
    /// When it was stored, by the wall clock; milliseconds since the UNIX epoch.
    package let storedAtMilliseconds: Int64
    /// Whether the row still has the checksum that it was stored with.
    package let isIntact: Bool
    /// Whether the options have a `batch`, for which Zizq needs a licence.
    package let needsBatch: Bool

    package init(
        id: Int64, type: String, queue: String, options: [UInt8] = [], uniqueKey: String? = nil,
        uniqueWhile: String? = nil,
        payload: [UInt8], storedAtMilliseconds: Int64 = 0, isIntact: Bool = true
    ) {
        self.id = id
        self.type = type
        self.queue = queue
        self.options = options
        self.uniqueKey = uniqueKey
        self.uniqueWhile = uniqueWhile
        self.payload = payload
        self.storedAtMilliseconds = storedAtMilliseconds
        self.isIntact = isIntact
        needsBatch = Self.hasBatch(options)
    }

    /// About how many bytes the job takes in a request.
    package var byteCount: Int {
        96 + type.utf8.count + queue.utf8.count + options.count + (uniqueKey?.utf8.count ?? 0) + payload.count
    }

    /// In JSON these bytes can only be a key: inside of a string the quotes would be escaped.
    private static func hasBatch(_ options: [UInt8]) -> Bool {
        guard options.count >= batchKey.count else { return false }
        return (0...(options.count - batchKey.count)).contains { options[$0...].starts(with: batchKey) }
    }

    private static let batchKey = Array(#""batch":"#.utf8)
}

/// Joins jobs into the body of a bulk enqueue: `{"jobs":[…]}`.
package enum BulkBody {
    /// Copies each payload once, into a buffer that is allocated once.
    ///
    /// - Parameter withKeys: whether `unique_key` and `unique_while` go along.
    package static func make(_ jobs: some Collection<RelayJob>, withKeys: Bool) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(jobs.reduce(16) { $0 + $1.byteCount })
        body.append(contentsOf: #"{"jobs":["#.utf8)
        var isFirst = true
        for job in jobs {
            if !isFirst { body.append(UInt8(ascii: ",")) }
            isFirst = false
            append(job, withKeys: withKeys, to: &body)
        }
        body.append(contentsOf: "]}".utf8)
        return body
    }

    private static func append(_ job: RelayJob, withKeys: Bool, to body: inout [UInt8]) {
        body.append(contentsOf: #"{"type":"#.utf8)
        body.appendJSONString(job.type)
        body.append(contentsOf: #","queue":"#.utf8)
        body.appendJSONString(job.queue)
        if !job.options.isEmpty {
            body.append(UInt8(ascii: ","))
            body.append(contentsOf: job.options)
        }
        if withKeys, let key = job.uniqueKey {
            body.append(contentsOf: #","unique_key":"#.utf8)
            body.appendJSONString(key)
            body.append(contentsOf: #","unique_while":"#.utf8)
            body.appendJSONString(job.uniqueWhile ?? "exists")
        }
        body.append(contentsOf: #","payload":"#.utf8)
        body.append(contentsOf: job.payload)
        body.append(UInt8(ascii: "}"))
    }
}
