/// What a rule or a kind says about how Zizq runs a job; `nil` where it says nothing.
struct JobOptions {
    var queue: JobText?
    var priority: JobText?
    var retryLimit: Int?
    /// As JSON, checked.
    var backoff: [UInt8]?
    /// As JSON, checked.
    var retention: [UInt8]?
    var uniqueWhile: UniqueWhile?
    var batch: BatchTemplate?
    /// As JSON, checked.
    var budgets: [UInt8]?

    /// What is set here, and where nothing is, what is set there.
    func over(_ other: JobOptions) -> JobOptions {
        JobOptions(
            queue: queue ?? other.queue, priority: priority ?? other.priority,
            retryLimit: retryLimit ?? other.retryLimit,
            backoff: backoff ?? other.backoff, retention: retention ?? other.retention,
            uniqueWhile: uniqueWhile ?? other.uniqueWhile,
            batch: batch ?? other.batch, budgets: budgets ?? other.budgets)
    }

    /// The members that are the same for each job, to be put into the job object: `"retry_limit":5,"backoff":{…}`.
    var constantMembers: [UInt8] {
        var members: [[UInt8]] = []
        if case .constant(let text)? = priority { members.append(Array("\"priority\":\(text)".utf8)) }
        if let retryLimit { members.append(Array("\"retry_limit\":\(retryLimit)".utf8)) }
        if let backoff { members.append(Array("\"backoff\":".utf8) + backoff) }
        if let retention { members.append(Array("\"retention\":".utf8) + retention) }
        if let budgets { members.append(Array("\"budgets\":".utf8) + budgets) }
        return Array(members.joined(separator: [UInt8(ascii: ",")]))
    }
}

/// A field of a job: the same for each, or rendered from references.
enum JobText: Sendable {
    case constant(String)
    case rendered(TextTemplate)

    /// The text that is the same for each job; `nil` if it is rendered.
    var constant: String? {
        if case .constant(let text) = self { text } else { nil }
    }
}

/// How long Zizq holds a unique key: until the job is taken, until it is done, or as long as it exists there.
package enum UniqueWhile: String, CaseIterable, Sendable {
    case queued
    case active
    case exists
}
