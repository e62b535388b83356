internal import SluiceJSON

/// One accepted job of the development queue.
package struct DevQueueJob: Sendable {
    package let id: JobIdentifier
    let request: JobRequest
    /// The sent bytes; `nil` if payloads are not kept.
    package let payload: [UInt8]?
    package internal(set) var status: JobStatus
    /// Milliseconds since 1970.
    package internal(set) var readyAt: UInt64
    /// The number of failed attempts.
    package internal(set) var attempts: UInt32 = 0
    /// When it was last taken, in milliseconds since 1970; `nil` before that, and after its worker has disconnected.
    package internal(set) var dequeuedAt: UInt64?
    /// When it last failed, in milliseconds since 1970.
    package internal(set) var failedAt: UInt64?

    init(_ request: JobRequest, id: JobIdentifier, payload: [UInt8]?, now: UInt64) {
        self.id = id
        self.request = request
        self.payload = payload
        readyAt = request.readyAt ?? now
        status = readyAt > now ? .scheduled : .ready
    }

    package var type: String { request.type }
    package var queue: String { request.queue }
    package var priority: UInt16 { request.priority ?? 32768 }
    package var retryLimit: UInt32? { request.retryLimit }
    package var backoff: JobBackoff? { request.backoff }
    package var retention: JobRetention? { request.retention }
    package var uniqueKey: String? { request.uniqueKey }
    package var uniqueWhile: UniqueScope? { request.uniqueWhile.flatMap(UniqueScope.init(rawValue:)) }
    package var batch: JobBatch? { request.batch }
}

/// The state of a job.
package enum JobStatus: String, Sendable, CaseIterable {
    case scheduled
    case ready
    case inFlight = "in_flight"
    case completed
    case dead
}

/// How long a unique key keeps other jobs out: as long as its job is in one of these states.
package enum UniqueScope: String, Sendable, CaseIterable {
    case queued
    case active
    case exists

    /// Whether a job in this state keeps its key.
    package func holds(_ status: JobStatus) -> Bool {
        switch status {
        case .scheduled, .ready: true
        case .inFlight: self != .queued
        case .completed, .dead: self == .exists
        }
    }
}

/// How long a finished job is kept, in milliseconds.
package struct JobRetention: Sendable, Hashable {
    package var completed: UInt64?
    package var dead: UInt64?
}

/// A job's batch. `when` and `fold` are jq expressions.
package struct JobBatch: Sendable, Hashable {
    package var key = ""
    package var when = ""
    package var fold = ""
}

/// A job's identifier: 25 digits of base 36 that increase with time. 48 bits of milliseconds, a counter of 48 bits, and
/// 32 random bits of the process.
package struct JobIdentifier: Sendable, Hashable, Comparable {
    package let value: UInt128

    package static func < (one: JobIdentifier, other: JobIdentifier) -> Bool { one.value < other.value }

    init(value: UInt128) { self.value = value }

    /// Parses the 25 digits.
    package init?(_ text: String) {
        guard text.utf8.count == 25, let value = UInt128(text, radix: 36), text.utf8.first != UInt8(ascii: "+") else {
            return nil
        }
        self.value = value
    }

    /// Returns the next identifier. It increases even if the clock goes back.
    ///
    /// - Parameter milliseconds: since 1970.
    func next(milliseconds: UInt64) -> JobIdentifier {
        let counter = max((value >> 32) + 1, UInt128(milliseconds) << 48)
        return JobIdentifier(value: counter << 32 | value & UInt128(UInt32.max))
    }

    /// The 25 digits.
    package var text: String {
        var digits: [UInt8] = []
        append(to: &digits)
        return String(decoding: digits, as: UTF8.self)
    }

    /// Appends the 25 digits, 13 and 12 at a time: these fit into 64 bits, for which division is cheap.
    func append(to body: inout [UInt8]) {
        let start = body.count
        body.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 25))
        let (high, low) = value.quotientAndRemainder(dividingBy: Self.twelveDigits)
        for (part, positions) in [(UInt64(high), 0..<13), (UInt64(low), 13..<25)] {
            var rest = part
            for position in positions.reversed() where rest > 0 {
                let digit = UInt8(rest % 36)
                body[start + position] = digit < 10 ? 0x30 + digit : 0x57 + digit
                rest /= 36
            }
        }
    }

    /// 36¹².
    private static let twelveDigits: UInt128 = 4_738_381_338_321_616_896
}

// MARK: - JSON

extension DevQueueJob {
    /// The parts of a job that an answer contains.
    enum View {
        /// The answer to its enqueue: without the payload.
        case enqueued(isDuplicate: Bool)
        /// Read or taken: with the payload, if payloads are kept.
        case whole
        /// The answer to a change.
        case withoutPayload
    }

    /// Appends the job with its fields in the order of a Zizq server.
    func appendJSON(to body: inout [UInt8], as view: View) {
        body.append(contentsOf: #"{"id":""#.utf8)
        id.append(to: &body)
        body.append(UInt8(ascii: "\""))
        body.appendMember("type", text: type)
        body.appendMember("queue", text: queue)
        body.appendMember("priority", json: String(priority))
        body.appendMember("status", text: status.rawValue)
        body.appendMember("ready_at", json: String(readyAt))
        body.appendMember("attempts", json: String(attempts))
        if case .whole = view, let payload { body.appendMember("payload", json: Self.canonical(payload)) }
        appendOptions(to: &body)
        if case .enqueued(let isDuplicate) = view {
            body.appendMember("duplicate", json: isDuplicate ? "true" : "false")
            body.appendMember("folded", json: "false")
        }
        if let dequeuedAt { body.appendMember("dequeued_at", json: String(dequeuedAt)) }
        if let failedAt { body.appendMember("failed_at", json: String(failedAt)) }
        body.append(UInt8(ascii: "}"))
    }

    /// The payload in the format of a Zizq server. The sent bytes are stored, so only reading a job has this cost.
    static func canonical(_ payload: [UInt8]) -> String {
        String(decoding: (try? JSONCanonical.of(payload)) ?? payload, as: UTF8.self)
    }

    /// The fields that are present only if they were set.
    private func appendOptions(to body: inout [UInt8]) {
        if let retryLimit { body.appendMember("retry_limit", json: String(retryLimit)) }
        if let backoff {
            let json = #"{"exponent":\#(backoff.exponent),"base_ms":\#(backoff.base),"jitter_ms":\#(backoff.jitter)}"#
            body.appendMember("backoff", json: json)
        }
        if let retention {
            let members = [("completed_ms", retention.completed), ("dead_ms", retention.dead)]
            let json = members.compactMap { name, value in value.map { #""\#(name)":\#($0)"# } }.joined(separator: ",")
            body.appendMember("retention", json: "{\(json)}")
        }
        if let uniqueKey { body.appendMember("unique_key", text: uniqueKey) }
        if let uniqueWhile { body.appendMember("unique_while", text: uniqueWhile.rawValue) }
        if let batch {
            body.append(contentsOf: #","batch":{"key":"#.utf8)
            body.appendJSONString(batch.key)
            body.appendMember("when", text: batch.when)
            body.appendMember("fold", text: batch.fold)
            body.append(UInt8(ascii: "}"))
        }
    }
}

/// Members after another one: `,"name":value`.
extension [UInt8] {
    mutating func appendMember(_ name: String, text: String) {
        appendMember(name, json: "")
        appendJSONString(text)
    }

    mutating func appendMember(_ name: String, json: String) {
        append(contentsOf: #",""#.utf8)
        append(contentsOf: name.utf8)
        append(contentsOf: #"":"#.utf8)
        append(contentsOf: json.utf8)
    }
}
