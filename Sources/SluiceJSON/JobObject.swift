package import SluiceBase

/// Encodes Zizq's job object `{"type":…,"queue":…,"payload":…}` and the request that enqueues several: the only place
/// with the names of their members. Used by the relay, `check` and the Zizq client.
///
/// Everything is appended to the caller's buffer, so that each payload is copied once.
package enum JobObject {
    /// `{"jobs":[]}`: a bulk request without jobs; jobs are inserted before `bulkEnd`.
    package static let emptyBulk = Array(#"{"jobs":[]}"#.utf8)
    /// The end of a bulk request.
    package static let bulkEnd = Array("]}".utf8)

    /// The body of a request that enqueues these jobs, in a buffer that is allocated once.
    ///
    /// - Parameters:
    ///   - withKeys: whether `unique_key` and `unique_while` are sent.
    ///   - size: the sum of the jobs' `requestBytes`.
    package static func bulk(_ jobs: [Job], withKeys: Bool, size: Int) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(16 + size)
        body += emptyBulk.dropLast(bulkEnd.count)
        var isFirst = true
        for job in jobs {
            if !isFirst { body.append(Byte.comma) }
            isFirst = false
            append(job, withKey: withKeys, to: &body)
        }
        body += bulkEnd
        return body
    }

    /// Appends a job in the format of a request.
    package static func append(_ job: Job, withKey: Bool = true, to bytes: inout [UInt8]) {
        begin(type: job.type, queue: job.queue, in: &bytes)
        if !job.options.isEmpty {
            bytes.append(Byte.comma)
            bytes += job.options.members
        }
        if withKey, let key = job.uniqueKey {
            appendKey(key, heldWhile: (job.uniqueWhile ?? .exists).rawValue, to: &bytes)
        }
        beginPayload(in: &bytes)
        bytes += job.payload
        bytes.append(Byte.closeBrace)
    }

    /// Starts the object: `{"type":…,"queue":…`.
    package static func begin(type: String, queue: String, in bytes: inout [UInt8]) {
        bytes.appendUTF8(#"{"type":"#)
        bytes.appendJSONString(type)
        bytes.appendUTF8(#","queue":"#)
        bytes.appendJSONString(queue)
    }

    /// Starts the payload's member: `,"payload":`.
    package static func beginPayload(in bytes: inout [UInt8]) { bytes.appendUTF8(#","payload":"#) }

    /// Appends `,"unique_key":…`.
    ///
    /// - Parameter heldWhile: the value of `unique_while`; `nil` for the server's default.
    package static func appendKey(_ key: String, heldWhile: String?, to bytes: inout [UInt8]) {
        bytes.appendUTF8(#","unique_key":"#)
        bytes.appendJSONString(key)
        guard let heldWhile else { return }
        bytes.appendUTF8(#","unique_while":"#)
        bytes.appendJSONString(heldWhile)
    }

    /// Appends one option as another member of the object: `,"priority":5`.
    package static func append(_ option: JobOption, to bytes: inout [UInt8]) {
        bytes.append(Byte.comma)
        bytes.appendMember(option)
    }

    /// Whether the members of an object include a `batch`. Members that are not JSON have none; they are never sent.
    fileprivate static func haveBatch(_ members: [UInt8]) -> Bool {
        let object = [Byte.openBrace] + members + [Byte.closeBrace]
        var reader = JSONReader(object.span)
        do throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if "batch" ~= key { return true }
                try reader.skipValue()
            }
        } catch {}
        return false
    }
}

extension Job {
    /// Why no route makes this job, as a phrase that names the field; nil if it is valid. A valid job is one element of
    /// a bulk request, whatever its texts contain.
    package var complaint: String? {
        if let why = ZizqName.complaint(about: type) { return "type \(why)" }
        if let why = ZizqName.complaint(about: queue) { return "queue \(why)" }
        if let uniqueKey, !(1...ZizqName.maximumBytes ~= uniqueKey.utf8.count) {
            return "unique_key must have 1 to \(ZizqName.maximumBytes) bytes"
        }
        if options.hasBatch, uniqueKey != nil { return "it has a batch and a unique_key" }
        if let why = options.complaint { return why }
        do throws(JSONError) {
            var reader = JSONReader(payload.span, maximumDepth: JSONLimits.bulkDepth, acceptsLoneSurrogates: true)
            try reader.skipValue()
            try reader.finish()
            return nil
        } catch {
            return "payload is not one JSON value: \(error)"
        }
    }
}

extension JobOptions {
    private static let names = ["priority", "ready_at", "retry_limit", "backoff", "retention", "batch", "budgets"]

    fileprivate var complaint: String? {
        var names: Set<String> = []
        do throws(JSONError) {
            let object = [Byte.openBrace] + members + [Byte.closeBrace]
            var reader = JSONReader(object.span)
            try reader.beginObject()
            while let key = try reader.nextKey() {
                let name = key.text
                guard names.insert(name).inserted else { return "the option \(name) occurs twice" }
                guard Self.names.contains(name), (try? reader.readOption(name)) == true else {
                    return "options do not allow \(PrintableText.escape(name)) or its value"
                }
            }
            try reader.finish()
            return isEmpty == names.isEmpty ? nil : "options have no member"
        } catch {
            return "options are not members of one JSON object: \(error)"
        }
    }

    /// The options of a row of the outbox.
    package init(stored members: [UInt8]) {
        self = members.isEmpty ? .none : JobOptions(members: members, hasBatch: JobObject.haveBatch(members))
    }

    /// Sets an option that is not set yet.
    package mutating func append(_ option: JobOption) {
        if !isEmpty { members.append(Byte.comma) }
        members.appendMember(option)
        if case .batch = option { hasBatch = true }
    }
}

extension JobOption {
    /// The value of the option's member, as JSON.
    package var json: [UInt8] {
        var json: [UInt8] = []
        json.appendValue(self)
        return json
    }

    fileprivate var name: String {
        switch self {
        case .priority: "priority"
        case .readyAt: "ready_at"
        case .retryLimit: "retry_limit"
        case .backoff: "backoff"
        case .retention: "retention"
        case .batch: "batch"
        case .budgets: "budgets"
        }
    }
}

extension [UInt8] {
    /// Appends text as it is.
    fileprivate mutating func appendUTF8(_ text: String) { append(contentsOf: text.utf8) }

    fileprivate mutating func appendMember(_ option: JobOption) {
        append(Byte.quote)
        appendUTF8(option.name)
        append(Byte.quote)
        append(Byte.colon)
        appendValue(option)
    }

    fileprivate mutating func appendValue(_ option: JobOption) {
        switch option {
        case .priority(let number), .retryLimit(let number): appendDecimal(number)
        case .readyAt(let milliseconds): appendDecimal(milliseconds)
        case .backoff(let base, let exponent, let jitter):
            appendNumber(base, of: #"{"base_ms":"#)
            appendUTF8(#","exponent":"#)
            self += exponent.utf8
            appendNumber(jitter, of: #","jitter_ms":"#)
            append(Byte.closeBrace)
        case .retention(let completed, let dead):
            append(Byte.openBrace)
            if let completed { appendNumber(completed, of: #""completed_ms":"#) }
            if completed != nil, dead != nil { append(Byte.comma) }
            if let dead { appendNumber(dead, of: #""dead_ms":"#) }
            append(Byte.closeBrace)
        case .batch(let batch):
            appendText(batch.key, of: #"{"key":"#)
            appendText(batch.when, of: #","when":"#)
            appendText(batch.fold, of: #","fold":"#)
            append(Byte.closeBrace)
        case .budgets(let budgets):
            append(Byte.openBracket)
            for (position, budget) in budgets.enumerated() {
                if position > 0 { append(Byte.comma) }
                append(budget)
            }
            append(Byte.closeBracket)
        }
    }

    private mutating func append(_ budget: JobBudget) {
        appendText(budget.key, of: #"{"key":"#)
        if let cost = budget.cost { appendNumber(Int64(cost), of: #","cost":"#) }
        if let policy = budget.createWith {
            appendNumber(Int64(policy.allocation), of: #","create_with":{"allocation":"#)
            switch policy.strategy {
            case .whileInFlight: appendUTF8(#","strategy":{"type":"while_in_flight""#)
            case .timeBased(let duration, let burst):
                appendNumber(duration, of: #","strategy":{"type":"time_based","duration_ms":"#)
                if let burst { appendNumber(Int64(burst), of: #","burst":"#) }
            }
            appendUTF8("}}")
        }
        append(Byte.closeBrace)
    }

    private mutating func appendNumber(_ number: Int64, of member: String) {
        appendUTF8(member)
        appendDecimal(number)
    }

    private mutating func appendText(_ text: String, of member: String) {
        appendUTF8(member)
        appendJSONString(text)
    }
}

extension JSONReader {
    /// Reads the value of an option, or of a member of one.
    ///
    /// - Returns: whether a route can write it.
    fileprivate mutating func readOption(_ name: String) throws(JSONError) -> Bool {
        switch name {
        case "priority": return (0...65_535).contains(try readInt64())
        case "ready_at": return (0...TimestampText.latest).contains(try readInt64())
        case "retry_limit", "base_ms", "jitter_ms", "cost", "allocation", "burst":
            return (0...Int64(UInt32.max)).contains(try readInt64())
        case "completed_ms", "dead_ms", "duration_ms": return (0...Self.longestMilliseconds).contains(try readInt64())
        case "exponent": return (0...100).contains(try readFloat())
        case "key", "when", "fold": return !(try readString().isEmpty)
        case "type": return ["while_in_flight", "time_based"].contains(try readString())
        case "backoff": return try readMembers(["base_ms", "exponent", "jitter_ms"])
        case "retention": return try readMembers([], optional: ["completed_ms", "dead_ms"])
        case "batch": return try readMembers(["key", "when", "fold"])
        case "create_with": return try readMembers(["allocation", "strategy"])
        case "strategy": return try readMembers(["type"], optional: ["duration_ms", "burst"])
        case "budgets":
            try beginArray()
            while try nextElement() {
                guard try readMembers(["key"], optional: ["cost", "create_with"]) else { return false }
            }
            return true
        default: return false
        }
    }

    /// A hundred years.
    private static let longestMilliseconds: Int64 = 36_500 * 86_400_000

    private mutating func readMembers(_ required: Set<String>, optional: Set<String> = []) throws(JSONError) -> Bool {
        var names: Set<String> = []
        try beginObject()
        while let name = try nextKey()?.text {
            guard required.contains(name) || optional.contains(name), names.insert(name).inserted,
                try readOption(name)
            else { return false }
        }
        return names.isSuperset(of: required)
    }
}
