/// One job that the development queue has accepted.
package struct DevQueueJob: Sendable {
    package let id: JobIdentifier
    package let type: String
    package let queue: String
    /// The bytes that were sent; `nil` where payloads are not kept.
    package let payload: [UInt8]?
    package let priority: UInt16
    package internal(set) var status: JobStatus
    /// Milliseconds since the UNIX epoch.
    package internal(set) var readyAt: UInt64
    /// How often it was taken and failed.
    package internal(set) var attempts: UInt32 = 0
    /// When it was taken last; nil before, and after whoever had it went away. Milliseconds since the UNIX epoch.
    package internal(set) var dequeuedAt: UInt64?
    /// When it failed last. Milliseconds since the UNIX epoch.
    package internal(set) var failedAt: UInt64?
    package let retryLimit: UInt32?
    package let backoff: JobBackoff?
    package let retention: JobRetention?
    package let uniqueKey: String?
    package let uniqueWhile: UniqueScope?
    package let batch: JobBatch?

    init(_ request: JobRequest, id: JobIdentifier, payload: [UInt8]?, now: UInt64) {
        self.id = id
        type = request.type
        queue = request.queue
        self.payload = payload
        priority = request.priority ?? 32768
        readyAt = request.readyAt ?? now
        status = readyAt > now ? .scheduled : .ready
        retryLimit = request.retryLimit
        backoff = request.backoff
        retention = request.retention
        uniqueKey = request.uniqueKey
        uniqueWhile = request.uniqueWhile.flatMap(UniqueScope.init(rawValue:))
        batch = request.batch
    }
}

extension DevQueueJob {
    /// The job as an answer shows it.
    func appendJSON(to body: inout [UInt8], as view: JobView) {
        body.append(contentsOf: #"{"id":""#.utf8)
        id.append(to: &body)
        body.append(UInt8(ascii: "\""))
        body.appendMember("type", text: type)
        body.appendMember("queue", text: queue)
        body.appendMember("priority", number: priority)
        body.appendMember("status", text: status.rawValue)
        body.appendMember("ready_at", number: readyAt)
        // The answer to every enqueue of a job.
        if attempts == 0 { body.append(contentsOf: #","attempts":0"#.utf8) } else { body.appendMember("attempts", number: attempts) }
        if case .whole = view { appendPayload(to: &body) }
        appendOptions(to: &body)
        if case .enqueued(let outcome) = view { body.append(contentsOf: outcome.json.utf8) }
        if let dequeuedAt { body.appendMember("dequeued_at", number: dequeuedAt) }
        if let failedAt { body.appendMember("failed_at", number: failedAt) }
        body.append(UInt8(ascii: "}"))
    }

    private func appendPayload(to body: inout [UInt8]) {
        guard let payload else { return }
        body.appendName("payload")
        CanonicalPayload.append(payload, to: &body)
    }

    /// The fields that are shown only where they were set.
    private func appendOptions(to body: inout [UInt8]) {
        if let retryLimit { body.appendMember("retry_limit", number: retryLimit) }
        if let backoff {
            let text = #"{"exponent":\#(backoff.exponent),"base_ms":\#(backoff.base),"jitter_ms":\#(backoff.jitter)}"#
            body.appendName("backoff")
            body.append(contentsOf: text.utf8)
        }
        if let retention { appendRetention(retention, to: &body) }
        if let uniqueKey { body.appendMember("unique_key", text: uniqueKey) }
        if let uniqueWhile { body.appendMember("unique_while", text: uniqueWhile.rawValue) }
        if let batch { appendBatch(batch, to: &body) }
    }

    private func appendRetention(_ retention: JobRetention, to body: inout [UInt8]) {
        let members = [("completed_ms", retention.completed), ("dead_ms", retention.dead)]
        let text = members.compactMap { name, value in value.map { #""\#(name)":\#($0)"# } }.joined(separator: ",")
        body.appendName("retention")
        body.append(contentsOf: "{\(text)}".utf8)
    }

    private func appendBatch(_ batch: JobBatch, to body: inout [UInt8]) {
        body.append(contentsOf: #","batch":{"key":"#.utf8)
        body.appendJSON(text: batch.key)
        body.appendMember("when", text: batch.when)
        body.appendMember("fold", text: batch.fold)
        body.append(UInt8(ascii: "}"))
    }
}

/// For which kind of answer a job is written.
enum JobView {
    /// The answer to its enqueue, without the payload.
    case enqueued(EnqueueOutcome)
    /// It is read or taken, with the payload where payloads are kept.
    case whole
    /// The answer to a change of it.
    case withoutPayload
}

/// What became of one job of an enqueue.
enum EnqueueOutcome {
    case accepted
    case duplicate

    var json: String {
        switch self {
        case .accepted: #","duplicate":false,"folded":false"#
        case .duplicate: #","duplicate":true,"folded":false"#
        }
    }
}
