internal import SluiceBase
internal import SluiceJSON

/// Reads the bytes of answers. No I/O.
enum AnswerReading {
    /// The jobs of a bulk enqueue, in the order of the request.
    static func jobs(status: Int, body: Span<UInt8>) throws(ZizqError) -> [EnqueuedJob] {
        guard status == 200 || status == 201 else {
            throw .decoding(.init(status: status, message: "the answer to a bulk enqueue must be 200 or 201"))
        }
        var jobs: [EnqueuedJob] = []
        try member("jobs", status: status, body: body) { (reader) throws(JSONError) in
            try reader.elements { (reader) throws(JSONError) in jobs.append(EnqueuedJob(try JobFields(&reader))) }
        }
        return jobs
    }

    /// The job of a single enqueue.
    static func enqueued(status: Int, body: Span<UInt8>) throws(ZizqError) -> EnqueuedJob {
        guard status == 200 || status == 201 else {
            throw .decoding(.init(status: status, message: "the answer to an enqueue must be 200 or 201"))
        }
        return EnqueuedJob(try fields(status: status, body: body))
    }

    /// A job that was looked up or reported.
    static func job(status: Int, body: Span<UInt8>) throws(ZizqError) -> Job {
        let fields = try fields(status: status, body: body)
        return Job(fields, payload: fields.payload.map { body.extracting($0).array })
    }

    /// A page of a list: its jobs, and the path of the next page.
    static func page(status: Int, body: Span<UInt8>) throws(ZizqError) -> (jobs: [Job], next: String?) {
        var jobs: [Job] = []
        var next: String?
        let text = body
        try read(body, status: status) { (reader) throws(JSONError) in
            try reader.members(requiring: "jobs") { (reader, name) throws(JSONError) in
                switch name {
                case "jobs":
                    try reader.elements { (reader) throws(JSONError) in
                        let fields = try JobFields(&reader)
                        jobs.append(Job(fields, payload: fields.payload.map { text.extracting($0).array }))
                    }
                case "pages":
                    try reader.members { (reader, name) throws(JSONError) in
                        guard name == "next" else { return false }
                        next = try reader.readNull() ? nil : reader.readString()
                        return true
                    }
                default: return false
                }
                return true
            }
        }
        return (jobs, next)
    }

    /// A text member of a flat answer, such as the version.
    static func text(_ name: String, status: Int, body: Span<UInt8>) throws(ZizqError) -> String {
        var found = ""
        try member(name, status: status, body: body) { (reader) throws(JSONError) in found = try reader.readString() }
        return found
    }

    /// A list of texts, such as the names of queues.
    static func texts(_ name: String, status: Int, body: Span<UInt8>) throws(ZizqError) -> [String] {
        var found: [String] = []
        try member(name, status: status, body: body) { (reader) throws(JSONError) in
            try reader.elements { (reader) throws(JSONError) in found.append(try reader.readString()) }
        }
        return found
    }

    /// A number member of a flat answer, such as a count.
    static func number(_ name: String, status: Int, body: Span<UInt8>) throws(ZizqError) -> Int {
        var found = 0
        try member(name, status: status, body: body) { (reader) throws(JSONError) in found = try reader.readNumber() }
        return found
    }

    /// The error of an answer other than 2xx.
    ///
    /// - Parameters:
    ///   - header: a header's value, by its name in lower case.
    ///   - now: milliseconds since the UNIX epoch.
    static func refusal(status: Int, body: Span<UInt8>, header: (String) -> String?, now: Int64) -> ZizqError {
        let text: String?
        do throws(ZizqError) { text = try Self.text("error", status: status, body: body) } catch { text = nil }
        return .response(
            .init(
                status: status, serverText: text,
                retryAfter: header("retry-after").flatMap { RetryAfter.parse($0, now: now) }, fields: fields(header)))
    }

    /// The headers that identify the sender of an answer. The query of `location` may be a secret, so it is left out.
    static func fields(_ header: (String) -> String?) -> [String] {
        ["content-type", "content-encoding", "location"].compactMap { name in
            header(name).map { "\(name): \(name == "location" ? String($0.prefix { $0 != "?" && $0 != "#" }) : $0)" }
        }
    }

    private static func fields(status: Int, body: Span<UInt8>) throws(ZizqError) -> JobFields {
        var fields: JobFields?
        try read(body, status: status) { (reader) throws(JSONError) in fields = try JobFields(&reader) }
        guard let fields else { throw .decoding(.init(status: status, message: "the answer contains no job")) }
        return fields
    }

    /// Reads the value of one member, which the answer must have.
    private static func member(
        _ name: String, status: Int, body: Span<UInt8>, _ value: (inout JSONReader) throws(JSONError) -> Void
    ) throws(ZizqError) {
        try read(body, status: status) { (reader) throws(JSONError) in
            try reader.members(requiring: name) { (reader, key) throws(JSONError) in
                guard key == name else { return false }
                try value(&reader)
                return true
            }
        }
    }

    /// Reads a whole body.
    private static func read(
        _ body: Span<UInt8>, status: Int, _ read: (inout JSONReader) throws(JSONError) -> Void
    ) throws(ZizqError) {
        do throws(JSONError) {
            var reader = JSONReader(body, maximumDepth: JSONLimits.answerDepth, acceptsLoneSurrogates: true)
            try read(&reader)
            try reader.finish()
        } catch {
            throw .decoding(.init(status: status, message: error.description))
        }
    }
}

extension JSONReader {
    /// Reads the current object member by member.
    ///
    /// - Parameters:
    ///   - required: a member that the object must have.
    ///   - read: reads the value, or returns `false` for an unknown name, without having read anything.
    fileprivate mutating func members(
        requiring required: String? = nil, _ read: (inout JSONReader, String) throws(JSONError) -> Bool
    ) throws(JSONError) {
        var missing = required
        try beginObject()
        while let key = try nextKey() {
            let name = key.text
            if try !read(&self, name) { try skipValue() } else if name == missing { missing = nil }
        }
        if let missing { throw JSONError(.missing(missing), at: offset) }
    }

    fileprivate mutating func elements(_ read: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        try beginArray()
        while try nextElement() { try read(&self) }
    }
}

/// The `retry-after` header (RFC 9110 §10.2.3).
enum RetryAfter {
    /// Reads a number of seconds, or a date in the preferred format (`Sun, 06 Nov 1994 08:49:37 GMT`).
    ///
    /// - Parameter now: milliseconds since the UNIX epoch, for a date.
    /// - Returns: `nil` for anything else; zero for a date that has passed.
    static func parse(_ text: String, now: Int64) -> Duration? {
        if !text.isEmpty, text.utf8.allSatisfy(ASCII.isDigit) {
            // A larger number means the same: for longer than anyone waits.
            return .seconds(min(Int64(text) ?? .max, Int64(Int32.max)))
        }
        guard let date = seconds(ofDate: text) else { return nil }
        return .milliseconds(max(0, date * 1000 - now))
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func seconds(ofDate text: String) -> Int64? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT",
            let day = Int(parts[1]), let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3]),
            year >= 1970,
            let days = TimestampText.daysSinceEpoch(year: year, month: month + 1, day: day)
        else { return nil }
        let clock = parts[4].split(separator: ":").map { Int64($0) }
        guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
            0...23 ~= hour, 0...59 ~= minute, 0...60 ~= second
        else { return nil }
        return days * 86_400 + hour * 3600 + minute * 60 + second
    }
}
