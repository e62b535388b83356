internal import SluiceJSON

/// One job that the development queue has accepted.
package struct DevQueueJob: Sendable {
    package let id: JobIdentifier
    let request: JobRequest
    /// The bytes that were sent; `nil` where payloads are not kept.
    package let payload: [UInt8]?
    package internal(set) var status: JobStatus
    /// Milliseconds since the UNIX epoch.
    package internal(set) var readyAt: UInt64
    /// How often it was taken and failed.
    package internal(set) var attempts: UInt32 = 0
    /// When it was taken last, in milliseconds since the UNIX epoch; `nil` before that, and after its worker has gone.
    package internal(set) var dequeuedAt: UInt64?
    /// When it failed last, in milliseconds since the UNIX epoch.
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

/// Where a job is in its life.
package enum JobStatus: String, Sendable, CaseIterable {
    case scheduled
    case ready
    case inFlight = "in_flight"
    case completed
    case dead
}

/// How long a unique key keeps other jobs out: as long as the job that holds it is in one of these states.
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

/// Which jobs are folded into one. `when` and `fold` are jq expressions.
package struct JobBatch: Sendable, Hashable {
    package var key = ""
    package var when = ""
    package var fold = ""
}

/// A job's identifier: 25 digits of base 36 that grow with time. 48 bits of milliseconds, a counter of 48 bits, and 32
/// random bits of the process.
package struct JobIdentifier: Sendable, Hashable, Comparable {
    package let value: UInt128

    package static func < (one: JobIdentifier, other: JobIdentifier) -> Bool { one.value < other.value }

    init(value: UInt128) { self.value = value }

    /// Reads the 25 digits.
    package init?(_ text: String) {
        guard text.utf8.count == 25, let value = UInt128(text, radix: 36), text.utf8.first != UInt8(ascii: "+") else {
            return nil
        }
        self.value = value
    }

    /// The next identifier. It grows even when the clock goes back.
    ///
    /// - Parameter milliseconds: since the UNIX epoch.
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

    /// Appends the 25 digits, 13 and 12 at a time: so many fit into 64 bits, where division is cheap.
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
    /// What an answer shows of a job.
    enum View {
        /// The answer to its enqueue: without the payload.
        case enqueued(isDuplicate: Bool)
        /// It is read or taken: with the payload where payloads are kept.
        case whole
        /// The answer to a change.
        case withoutPayload
    }

    /// Appends the job in the order in which a Zizq server writes its fields.
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

    /// The payload as a Zizq server returns it. The bytes that were sent are stored, so only reading a job costs this.
    static func canonical(_ payload: [UInt8]) -> String {
        String(decoding: (try? JSONCanonical.of(payload)) ?? payload, as: UTF8.self)
    }

    /// The fields that are shown only where they were set.
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

/// Members of an object that has another one before them: `,"name":value`.
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
