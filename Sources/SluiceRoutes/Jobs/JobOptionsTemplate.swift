internal import SluiceBase
internal import SluiceJSON

/// What a rule or a kind says about how Zizq runs a job; `nil` where it says nothing.
struct JobOptionsTemplate {
    var queue: JobText?
    var priority: JobText?
    var retryLimit: JobOption?
    var backoff: JobOption?
    var retention: JobOption?
    var uniqueWhile: UniqueWhile?
    var batch: BatchTemplate?
    var budgets: JobOption?

    /// What is set here, and where nothing is, what is set there.
    func over(_ other: JobOptionsTemplate) -> JobOptionsTemplate {
        JobOptionsTemplate(
            queue: queue ?? other.queue, priority: priority ?? other.priority,
            retryLimit: retryLimit ?? other.retryLimit, backoff: backoff ?? other.backoff,
            retention: retention ?? other.retention, uniqueWhile: uniqueWhile ?? other.uniqueWhile,
            batch: batch ?? other.batch, budgets: budgets ?? other.budgets)
    }

    /// What is the same for each job.
    var constant: JobOptions {
        var options = JobOptions.none
        if let batch = batch?.constant { options.append(.batch(batch)) }
        if let number = priority?.constant.flatMap({ Int($0) }) { options.append(.priority(number)) }
        for case let option? in [retryLimit, backoff, retention, budgets] { options.append(option) }
        return options
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
