/// What a server tells of a job only where somebody has set it. Most jobs have none of it, so that it takes a place of its own.
final class JobOptions: Sendable, Hashable {
    let retryLimit: UInt32?
    let backoff: Backoff?
    let retention: Retention?
    let uniqueKey: String?
    let uniqueWhile: UniqueScope?
    let batch: Batch?
    let budgets: [BudgetBinding]

    init(_ draft: Draft) {
        retryLimit = draft.retryLimit
        backoff = draft.backoff
        retention = draft.retention
        uniqueKey = draft.uniqueKey
        uniqueWhile = draft.uniqueWhile
        batch = draft.batch
        budgets = draft.budgets
    }

    /// The same while it is being read.
    struct Draft: Hashable {
        var retryLimit: UInt32?
        var backoff: Backoff?
        var retention: Retention?
        var uniqueKey: String?
        var uniqueWhile: UniqueScope?
        var batch: Batch?
        var budgets: [BudgetBinding] = []
    }

    private var draft: Draft {
        Draft(
            retryLimit: retryLimit, backoff: backoff, retention: retention, uniqueKey: uniqueKey, uniqueWhile: uniqueWhile, batch: batch,
            budgets: budgets)
    }

    static func == (one: JobOptions, other: JobOptions) -> Bool { one.draft == other.draft }

    func hash(into hasher: inout Hasher) { hasher.combine(draft) }
}
