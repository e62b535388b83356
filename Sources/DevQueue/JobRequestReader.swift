internal import SluiceBase

/// Reads the body of an enqueue into the jobs that it asks for.
enum JobRequestReader {
    /// The body of `POST /jobs`: one job object.
    static func readOne(_ body: Span<UInt8>) throws(StrictJSONError) -> JobRequest {
        var reader = StrictJSONReader(body)
        let job = try readJob(&reader)
        try reader.readEnd()
        return job
    }

    /// The body of `POST /jobs/bulk`: `{"jobs":[…]}`.
    static func readMany(_ body: Span<UInt8>) throws(StrictJSONError) -> [JobRequest] {
        var reader = StrictJSONReader(body)
        var jobs: [JobRequest]?
        try reader.readObject("BulkEnqueueRequest") { (reader, key) throws(StrictJSONError) in
            guard key.equals("jobs") else { return false }
            if jobs != nil { throw reader.duplicateField("jobs") }
            try reader.readColon()
            jobs = try readJobs(&reader)
            return true
        }
        guard let jobs else { throw reader.missingField("jobs") }
        try reader.readEnd()
        return jobs
    }

    private static func readJobs(_ reader: inout StrictJSONReader) throws(StrictJSONError) -> [JobRequest] {
        var jobs: [JobRequest] = []
        try reader.readArray { (reader) throws(StrictJSONError) in jobs.append(try readJob(&reader)) }
        return jobs
    }

    private static func readJob(_ reader: inout StrictJSONReader) throws(StrictJSONError) -> JobRequest {
        var job = JobRequest()
        var seen: JobFieldSet = []
        try reader.readObject("EnqueueRequest") { (reader, key) throws(StrictJSONError) in
            guard let field = JobField(key) else { return false }
            if seen.contains(field.asSet) { throw reader.duplicateField(field.rawValue) }
            seen.insert(field.asSet)
            try reader.readColon()
            try read(field, into: &job, from: &reader)
            return true
        }
        for field in JobField.required where !seen.contains(field.asSet) { throw reader.missingField(field.rawValue) }
        return job
    }

    private static func read(
        _ field: JobField, into job: inout JobRequest, from reader: inout StrictJSONReader
    ) throws(StrictJSONError) {
        switch field {
        case .type: job.type = try reader.readText()
        case .queue: job.queue = try reader.readText()
        case .payload: job.payload = try reader.readValue()
        case .priority:
            job.priority = try reader.readOptional { (reader) throws(StrictJSONError) in try reader.readUnsigned(UInt16.self) }
        case .readyAt:
            job.readyAt = try reader.readOptional { (reader) throws(StrictJSONError) in try reader.readUnsigned(UInt64.self) }
        case .retryLimit:
            job.retryLimit = try reader.readOptional { (reader) throws(StrictJSONError) in try reader.readUnsigned(UInt32.self) }
        case .backoff: job.backoff = try reader.readOptional(readBackoff)
        case .retention: job.retention = try reader.readOptional(readRetention)
        case .uniqueKey: job.uniqueKey = try reader.readOptional { (reader) throws(StrictJSONError) in try reader.readText() }
        case .uniqueWhile: job.uniqueWhile = try reader.readOptional { (reader) throws(StrictJSONError) in try reader.readText() }
        case .batch: job.batch = try reader.readOptional(readBatch)
        }
    }

    private static func readBackoff(_ reader: inout StrictJSONReader) throws(StrictJSONError) -> JobBackoff {
        var base: UInt32?
        var exponent: Float?
        var jitter: UInt32?
        try reader.readObject("Backoff") { (reader, key) throws(StrictJSONError) in
            if key.equals("base_ms") {
                try reader.expectFirst("base_ms", base)
                base = try reader.readUnsigned(UInt32.self)
            } else if key.equals("exponent") {
                try reader.expectFirst("exponent", exponent)
                exponent = try reader.readFloat()
            } else if key.equals("jitter_ms") {
                try reader.expectFirst("jitter_ms", jitter)
                jitter = try reader.readUnsigned(UInt32.self)
            } else {
                return false
            }
            return true
        }
        guard let base else { throw reader.missingField("base_ms") }
        guard let exponent else { throw reader.missingField("exponent") }
        guard let jitter else { throw reader.missingField("jitter_ms") }
        return JobBackoff(base: base, exponent: exponent, jitter: jitter)
    }

    private static func readRetention(_ reader: inout StrictJSONReader) throws(StrictJSONError) -> JobRetention {
        var completed: UInt64??
        var dead: UInt64??
        try reader.readObject("Retention") { (reader, key) throws(StrictJSONError) in
            if key.equals("completed_ms") {
                try reader.expectFirst("completed_ms", completed)
                completed = .some(try reader.readOptional { (reader) throws(StrictJSONError) in try reader.readUnsigned(UInt64.self) })
            } else if key.equals("dead_ms") {
                try reader.expectFirst("dead_ms", dead)
                dead = .some(try reader.readOptional { (reader) throws(StrictJSONError) in try reader.readUnsigned(UInt64.self) })
            } else {
                return false
            }
            return true
        }
        return JobRetention(completed: completed ?? nil, dead: dead ?? nil)
    }

    private static func readBatch(_ reader: inout StrictJSONReader) throws(StrictJSONError) -> JobBatch {
        var key: String?
        var when: String?
        var fold: String?
        try reader.readObject("Batch") { (reader, name) throws(StrictJSONError) in
            if name.equals("key") {
                try reader.expectFirst("key", key)
                key = try reader.readText()
            } else if name.equals("when") {
                try reader.expectFirst("when", when)
                when = try reader.readText()
            } else if name.equals("fold") {
                try reader.expectFirst("fold", fold)
                fold = try reader.readText()
            } else {
                return false
            }
            return true
        }
        guard let key else { throw reader.missingField("key") }
        guard let when else { throw reader.missingField("when") }
        guard let fold else { throw reader.missingField("fold") }
        return JobBatch(key: key, when: when, fold: fold)
    }
}

extension StrictJSONReader {
    /// Refuses a key that has a value already, and goes on to this one's value.
    fileprivate mutating func expectFirst(_ name: String, _ value: (some Any)?) throws(StrictJSONError) {
        if value != nil { throw duplicateField(name) }
        try readColon()
    }
}
