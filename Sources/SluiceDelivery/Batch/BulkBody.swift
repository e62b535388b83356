internal import SluiceJSON

/// Joins jobs into the body of a bulk enqueue: `{"jobs":[…]}`.
package enum BulkBody {
    /// Copies each payload once, into a buffer that is allocated once.
    ///
    /// - Parameter withKeys: whether `unique_key` and `unique_while` go along.
    package static func make(_ jobs: some Collection<DeliveryJob>, withKeys: Bool) -> [UInt8] {
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

    private static func append(_ job: DeliveryJob, withKeys: Bool, to body: inout [UInt8]) {
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
