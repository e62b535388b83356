internal import SluiceRoutes

/// The keys of kinds and job rules, and of the mappings in them.
extension KeyTable {
    /// What kinds and rules have in common.
    static let jobOptions = KeyTable(
        "job_options", noun: "the options of a job",
        keys: [
            "queue": "The queue at Zizq.",
            "priority": "0 to 65535; lower runs sooner.",
            "retry_limit": "How often Zizq tries again.",
            "backoff": "How long Zizq waits before it tries again.",
            "retention": "How long Zizq keeps the job after its end.",
            "unique_while": "How long Zizq holds the unique key: while the job is queued, active, or exists at all.",
            "batch":
                "Folds the job into one that waits with the same batch key; such a job has no unique key at Zizq. "
                + "Pro licence.",
            "budgets": "The budgets that the job draws on: names, or mappings. Servers newer than 0.6, Pro licence.",
        ])

    package static let kind = KeyTable(
        "kind", noun: "a kind",
        keys: [
            "payload": "The type of the payload: a name such as string, a list of one type, or a mapping of fields."
        ],
        sharing: jobOptions)

    package static let rule = KeyTable(
        "job_rule", noun: "a job rule",
        keys: [
            "when": "What must hold for the rule to match: references, without ${ and }, and what they must be.",
            "kind": "The declared kind of the job; its name is the job's type.",
            "type": "The job's type itself, in place of a kind.",
            "payload": "What the job carries: any value, with references in it. Without it the body.",
            "delay": "How long after the receipt the job may run, 0 to 3650d.",
            "ready_at": "When the job may run: a time such as 2026-11-25T08:00:00Z, or milliseconds since 1970.",
            "unique_key":
                "The job's own key at Zizq, as it is. What the gateway takes for a duplicate is the route's key alone.",
            "ignore":
                "With true what matches is answered as a success and makes no job; only when may stand beside it.",
        ],
        sharing: jobOptions)

    package static let backoff = KeyTable(
        "backoff", noun: "'backoff'",
        keys: [
            "base": "What every wait has, 0 to 4294967295ms.",
            "exponent": "The power of the number of failures that is added to a wait, in seconds; 0 to 100.",
            "jitter": "The most that is added to a wait at random, times the number of failures; 0 to 4294967295ms.",
        ])

    package static let retention = KeyTable(
        "retention", noun: "'retention'",
        keys: [
            "completed": "How long a completed job is kept, 0 to 36500d.",
            "dead": "How long a dead job is kept, 0 to 36500d.",
        ])

    package static let batch = KeyTable(
        "batch", noun: "'batch'",
        keys: [
            "key": "Jobs with the same key are folded together.",
            "when": "A jq expression over $existing and $new that says whether the two are folded.",
            "fold": "A jq expression over $existing and $new that makes one payload of the two.",
        ])

    package static let budget = KeyTable(
        "budget", noun: "a budget",
        keys: [
            "key": "The budget's name.",
            "cost": "How many tokens the job takes.",
            "create_with": "How the budget is made where there is none of the name.",
        ])

    package static let budgetPolicy = KeyTable(
        "budget_policy", noun: "'create_with'",
        keys: [
            "allocation": "How many tokens there are.",
            "strategy": "Whether tokens come back when a job ends, or with time.",
            "duration": "In what time the tokens come back, 1ms to 36500d.",
            "burst": "How many tokens may be taken at once.",
        ])
}
