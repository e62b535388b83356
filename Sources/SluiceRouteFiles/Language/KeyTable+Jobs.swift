internal import SluiceRoutes

/// The keys of kinds and job rules, and of the mappings in them.
extension KeyTable {
    /// What kinds and rules have in common.
    static let jobOptions = KeyTable(
        "job_options", noun: "the options of a job",
        keys: [
            "queue": "The queue at Zizq.",
            "priority": "0 to 65535; lower numbers run first.",
            "retry_limit": "How often Zizq retries the job.",
            "backoff": "How long Zizq waits before a retry.",
            "retention": "How long Zizq keeps the job after its end.",
            "unique_while": "How long Zizq holds the unique key: while the job is queued, active, or exists at all.",
            "batch":
                "Merges the job into a waiting job with the same batch key; such a job has no unique key at Zizq. "
                + "Pro licence.",
            "budgets": "The budgets that the job uses: names, or mappings. Servers newer than 0.6, Pro licence.",
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
            "when": "The conditions of the rule: references, without ${ and }, and their expected values.",
            "kind": "The declared kind of the job; its name is the job's type.",
            "type": "The job's type, instead of a kind.",
            "payload": "The job's payload: any value, with references. Default: the body.",
            "delay": "How long after the receipt the job may run, 0 to 3650d.",
            "ready_at": "When the job may run: a time such as 2026-11-25T08:00:00Z, or milliseconds since 1970.",
            "unique_key":
                "The key of this job at Zizq, sent as it is. The gateway detects duplicates only with the route's key.",
            "ignore":
                "true: answer success and make no job; can only be combined with when.",
        ],
        sharing: jobOptions)

    package static let backoff = KeyTable(
        "backoff", noun: "'backoff'",
        keys: [
            "base": "The minimum wait, 0 to 4294967295ms.",
            "exponent": "The power of the number of failures that is added to a wait, in seconds; 0 to 100.",
            "jitter": "The maximum random time added to a wait, times the number of failures; 0 to 4294967295ms.",
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
            "when": "A jq expression over $existing and $new that decides whether to merge them.",
            "fold": "A jq expression over $existing and $new that returns the merged payload.",
        ])

    package static let budget = KeyTable(
        "budget", noun: "a budget",
        keys: [
            "key": "The budget's name.",
            "cost": "How many tokens the job takes.",
            "create_with": "How to create the budget if it does not exist.",
        ])

    package static let budgetPolicy = KeyTable(
        "budget_policy", noun: "'create_with'",
        keys: [
            "allocation": "How many tokens there are.",
            "strategy": "Whether tokens are returned when a job ends, or over time.",
            "duration": "The time in which the tokens are returned, 1ms to 36500d.",
            "burst": "How many tokens may be taken at once.",
        ])
}
