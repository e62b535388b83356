internal import SluiceJSON

/// What a kind says about how its jobs are run, as a source file writes it.
struct KindConstants {
    struct Backoff {
        var base: Int64 = 0
        /// With a fraction, as every language reads it.
        var exponent = ""
        var jitter: Int64 = 0
    }

    struct Retention {
        var completed: Int64?
        var dead: Int64?
    }

    /// Zizq's own default where the kind does not say.
    let queue: String
    let priority: String?
    let retryLimit: Int?
    /// Milliseconds.
    let backoff: Backoff?
    /// Milliseconds.
    let retention: Retention?
    let uniqueWhile: UniqueWhile?
    let batch: Batch?
    let budgets: [Budget]

    init(_ options: JobOptions) {
        queue = options.queue?.constant ?? "default"
        priority = options.priority?.constant
        retryLimit = options.retryLimit
        backoff = options.backoff.flatMap { try? Self.backoff($0) }
        retention = options.retention.flatMap { try? Self.retention($0) }
        uniqueWhile = options.uniqueWhile
        batch = options.batch?.constant.flatMap { try? Self.batch($0) }
        budgets = options.budgets.flatMap { try? Self.budgets($0) } ?? []
    }

    /// - Parameter json: what the options hold for Zizq, which has been checked.
    private static func backoff(_ json: [UInt8]) throws(JSONError) -> Backoff {
        var backoff = Backoff()
        var reader = JSONReader(json.span)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "base_ms": backoff.base = try reader.readInt64()
            case "jitter_ms": backoff.jitter = try reader.readInt64()
            default: backoff.exponent = "\(try reader.readFloat())"
            }
        }
        return backoff
    }

    private static func retention(_ json: [UInt8]) throws(JSONError) -> Retention {
        var retention = Retention()
        var reader = JSONReader(json.span)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "completed_ms": retention.completed = try reader.readInt64()
            default: retention.dead = try reader.readInt64()
            }
        }
        return retention
    }
}

extension KindConstants {
    /// The fields of a job for Zizq besides its type, payload and unique key, each with its value as JSON.
    ///
    /// JSON numbers, and lists and objects of them, are the same in TypeScript and Python; texts are not.
    ///
    /// - Parameter literal: writes a text as the language does.
    func members(quoting literal: (String) -> String) -> [(name: String, json: String)] {
        var members: [(name: String, json: String)] = []
        if let priority { members.append(("priority", priority)) }
        if let retryLimit { members.append(("retry_limit", "\(retryLimit)")) }
        if let backoff {
            members.append(
                ("backoff", "{ \"base_ms\": \(backoff.base), \"exponent\": \(backoff.exponent), \"jitter_ms\": \(backoff.jitter) }"))
        }
        if let retention {
            let times = [("completed_ms", retention.completed), ("dead_ms", retention.dead)]
            let written = times.compactMap { name, time in time.map { "\"\(name)\": \($0)" } }
            members.append(("retention", "{ \(written.joined(separator: ", ")) }"))
        }
        if let batch { members.append(("batch", batch.written(quoting: literal))) }
        if !budgets.isEmpty {
            members.append(("budgets", "[\(budgets.map { $0.written(quoting: literal) }.joined(separator: ", "))]"))
        }
        return members
    }
}

extension JobText {
    fileprivate var constant: String? {
        if case .constant(let text) = self { text } else { nil }
    }
}
