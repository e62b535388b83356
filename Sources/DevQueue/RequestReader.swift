internal import SluiceBase
internal import SluiceJSON

/// One parsed job of an enqueue: the types of its fields are right, and nothing else has been checked.
struct JobRequest {
    var type = ""
    var queue = ""
    /// The range of the payload's bytes in the request body.
    var payload = 0..<0
    var priority: UInt16?
    /// Milliseconds since 1970.
    var readyAt: UInt64?
    var retryLimit: UInt32?
    var backoff: JobBackoff?
    var retention: JobRetention?
    var uniqueKey: String?
    var uniqueWhile: String?
    var batch: JobBatch?
}

/// A worker's report about a failed job. The queue does not keep the error.
struct FailureReport {
    /// Milliseconds since 1970; `nil` for the job's backoff.
    var retryAt: UInt64?
    /// Whether the job is dead without another attempt.
    var kill = false
}

/// Parses request bodies. Other bodies are refused with status 400 and `invalid JSON: …`, as by a Zizq server, but with
/// other texts.
enum RequestReader {
    /// The body of `POST /jobs`: one job object.
    static func job(_ body: Span<UInt8>) throws(RejectedJobError) -> JobRequest { try read(body, readJob) }

    /// The body of `POST /jobs/bulk`: `{"jobs":[…]}`.
    static func jobs(_ body: Span<UInt8>) throws(RejectedJobError) -> [JobRequest] {
        try read(body) { try $0.readList(of: bulkMembers, readJob) }
    }

    /// The body of `POST /jobs/success`: `{"ids":[…]}`.
    static func ids(_ body: Span<UInt8>) throws(RejectedJobError) -> [String] {
        try read(body) { try $0.readList(of: successMembers) { try $0.readString() } }
    }

    /// The body of `POST /jobs/{id}/failure`.
    static func failure(_ body: Span<UInt8>) throws(RejectedJobError) -> FailureReport {
        try read(body) { reader in
            var report = FailureReport()
            try reader.readObject(failureMembers) { reader, name in
                switch name {
                case "message": _ = try reader.readString()
                case "retry_at": report.retryAt = try reader.readOptional { try $0.readUnsigned(name) }
                case "kill": report.kill = try reader.readOptional { try $0.readBool() } ?? false
                default: _ = try reader.readOptional { try $0.readString() }
                }
            }
            return report
        }
    }

    private static func read<Value>(
        _ body: Span<UInt8>, _ value: (inout JSONReader) throws -> Value
    ) throws(RejectedJobError) -> Value {
        var reader = JSONReader(body)
        do {
            let value = try value(&reader)
            try reader.finish()
            return value
        } catch {
            throw RejectedJobError(error, in: body)
        }
    }

    private static func readJob(_ reader: inout JSONReader) throws -> JobRequest {
        var job = JobRequest()
        try reader.readObject(jobMembers) { reader, name in
            switch name {
            case "type": job.type = try reader.readString()
            case "queue": job.queue = try reader.readString()
            case "payload": job.payload = try reader.skipValue()
            case "unique_key": job.uniqueKey = try reader.readOptional { try $0.readString() }
            case "unique_while": job.uniqueWhile = try reader.readOptional { try $0.readString() }
            case "priority": job.priority = try reader.readOptional { try $0.readUnsigned(name) }
            case "ready_at": job.readyAt = try reader.readOptional { try $0.readUnsigned(name) }
            case "retry_limit": job.retryLimit = try reader.readOptional { try $0.readUnsigned(name) }
            case "backoff": job.backoff = try reader.readOptional(readBackoff)
            case "retention": job.retention = try reader.readOptional(readRetention)
            default: job.batch = try reader.readOptional(readBatch)
            }
        }
        return job
    }

    private static func readBackoff(_ reader: inout JSONReader) throws -> JobBackoff {
        var backoff = JobBackoff(base: 0, exponent: 0, jitter: 0)
        try reader.readObject(backoffMembers) { reader, name in
            switch name {
            case "base_ms": backoff.base = try reader.readUnsigned(name)
            case "jitter_ms": backoff.jitter = try reader.readUnsigned(name)
            default: backoff.exponent = try reader.readFloat()
            }
        }
        return backoff
    }

    private static func readRetention(_ reader: inout JSONReader) throws -> JobRetention {
        var retention = JobRetention()
        try reader.readObject(retentionMembers) { reader, name in
            let milliseconds: UInt64? = try reader.readOptional { try $0.readUnsigned(name) }
            if name == "dead_ms" { retention.dead = milliseconds } else { retention.completed = milliseconds }
        }
        return retention
    }

    private static func readBatch(_ reader: inout JSONReader) throws -> JobBatch {
        var batch = JobBatch()
        try reader.readObject(batchMembers) { reader, name in
            let text = try reader.readString()
            switch name {
            case "key": batch.key = text
            case "when": batch.when = text
            default: batch.fold = text
            }
        }
        return batch
    }

    private static let bulkMembers = Members(["jobs"], required: 1)
    private static let successMembers = Members(["ids"], required: 1)
    private static let failureMembers = Members(
        ["message", "error_type", "backtrace", "retry_at", "kill"], required: 1)
    private static let jobMembers = Members(
        [
            "type", "queue", "payload", "priority", "ready_at", "retry_limit", "backoff", "retention", "unique_key",
            "unique_while", "batch",
        ], required: 3)
    private static let backoffMembers = Members(["base_ms", "exponent", "jitter_ms"], required: 3)
    private static let retentionMembers = Members(["completed_ms", "dead_ms"], required: 0)
    private static let batchMembers = Members(["key", "when", "fold"], required: 3)
}

/// The members of one type of object.
private struct Members: Sendable {
    let names: [String]
    let table: JSONKeyTable
    /// The number of required members, which come first.
    let required: Int

    init(_ names: [String], required: Int) {
        self.names = names
        table = JSONKeyTable(names)
        self.required = required
    }
}

extension JSONReader {
    /// Reads known members of an object with `read` and skips others. Missing and duplicate members are refused.
    fileprivate mutating func readObject(_ members: Members, _ read: (inout JSONReader, String) throws -> Void) throws {
        var seen: UInt32 = 0
        try beginObject()
        while let key = try nextKey() {
            guard let position = key.position(in: members.table) else {
                try skipValue()
                continue
            }
            let name = members.names[position]
            if seen & 1 << position != 0 { throw RejectedJobError(400, "invalid JSON: duplicate field `\(name)`") }
            seen |= 1 << position
            try read(&self, name)
        }
        for position in 0..<members.required where seen & 1 << position == 0 {
            throw JSONError(.missing(members.names[position]), at: offset)
        }
    }

    /// Reads an object whose only member is an array.
    fileprivate mutating func readList<Element>(
        of members: Members, _ read: (inout JSONReader) throws -> Element
    ) throws -> [Element] {
        var elements: [Element] = []
        try readObject(members) { reader, _ in
            try reader.beginArray()
            while try reader.nextElement() { elements.append(try read(&reader)) }
        }
        return elements
    }

    /// Reads a value that may be `null`.
    fileprivate mutating func readOptional<Value>(_ read: (inout JSONReader) throws -> Value) throws -> Value? {
        try readNull() ? nil : try read(&self)
    }

    fileprivate mutating func readUnsigned<Value: FixedWidthInteger & UnsignedInteger>(_ name: String) throws -> Value {
        if let value = (try? readUInt64()).flatMap(Value.init(exactly:)) { return value }
        throw RejectedJobError(400, "invalid JSON: \(name) must be an integer from 0 to \(Value.max)")
    }
}

extension RejectedJobError {
    /// The refusal of a body that is not the expected JSON.
    fileprivate init(_ error: any Error, in body: Span<UInt8>) {
        guard let error = error as? JSONError else {
            self = error as? RejectedJobError ?? RejectedJobError(400, "invalid JSON")
            return
        }
        let position = error.position(in: body)
        self.init(400, "invalid JSON: \(error.reason) at line \(position.line) column \(position.column)")
    }
}
