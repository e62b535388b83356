internal import SluiceBase
internal import SluiceJSON

/// What an answer's bytes say. No I/O.
enum AnswerReading {
    /// The jobs of a bulk enqueue, in the order of the request.
    static func jobs(status: Int, body: Span<UInt8>) throws(ZizqError) -> [EnqueuedJob] {
        guard status == 200 || status == 201 else {
            throw .decoding(.init(status: status, message: "a bulk enqueue is answered with 200 or 201"))
        }
        do throws(JSONError) {
            return try readJobs(body)
        } catch {
            throw .decoding(.init(status: status, message: error.description))
        }
    }

    /// A text member of a flat answer, such as the version.
    static func text(_ name: StaticString, status: Int, body: Span<UInt8>) throws(ZizqError) -> String {
        let found: String?
        do throws(JSONError) { found = try readText(name, body) } catch {
            throw .decoding(.init(status: status, message: error.description))
        }
        guard let found else { throw .decoding(.init(status: status, message: "\(name) is missing")) }
        return found
    }

    /// The error of an answer that is no success.
    ///
    /// - Parameters:
    ///   - retryAfter: the header's value.
    ///   - now: milliseconds since the UNIX epoch.
    static func refusal(status: Int, body: Span<UInt8>, retryAfter: String?, now: Int64) -> ZizqError {
        let text: String?
        do throws(JSONError) { text = try readText("error", body) } catch { text = nil }
        return .response(.init(status: status, serverText: text, retryAfter: retryAfter.flatMap { RetryAfter.parse($0, now: now) }))
    }

    private static func readJobs(_ body: Span<UInt8>) throws(JSONError) -> [EnqueuedJob] {
        var reader = JSONReader(body)
        var jobs: [EnqueuedJob]?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key.equals("jobs") { jobs = try readJobList(&reader) } else { try reader.skipValue() }
        }
        try reader.finish()
        guard let jobs else { throw JSONError(.expectedKey, at: body.count) }
        return jobs
    }

    private static func readJobList(_ reader: inout JSONReader) throws(JSONError) -> [EnqueuedJob] {
        var jobs: [EnqueuedJob] = []
        try reader.beginArray()
        while try reader.nextElement() { jobs.append(try readJob(&reader)) }
        return jobs
    }

    private static func readJob(_ reader: inout JSONReader) throws(JSONError) -> EnqueuedJob {
        var id: String?
        var duplicate = false
        var folded = false
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id": id = try reader.readString()
            case "duplicate": duplicate = try reader.readBool()
            case "folded": folded = try reader.readBool()
            default: try reader.skipValue()
            }
        }
        guard let id else { throw JSONError(.expectedKey, at: reader.offset) }
        return EnqueuedJob(id: id, duplicate: duplicate, folded: folded)
    }

    private static func readText(_ name: StaticString, _ body: Span<UInt8>) throws(JSONError) -> String? {
        var reader = JSONReader(body, acceptsLoneSurrogates: true)
        var text: String?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key.equals(name) { text = try reader.readString() } else { try reader.skipValue() }
        }
        try reader.finish()
        return text
    }
}
