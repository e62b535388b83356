/// One job of an enqueue, as it was read; nothing about it has been checked but its JSON.
struct JobRequest {
    var type = ""
    var queue = ""
    /// Where the payload's bytes lie in the request body.
    var payload = 0..<0
    var priority: UInt16?
    /// Milliseconds since the UNIX epoch.
    var readyAt: UInt64?
    var retryLimit: UInt32?
    var backoff: JobBackoff?
    var retention: JobRetention?
    var uniqueKey: String?
    var uniqueWhile: String?
    var batch: JobBatch?
}

/// How long a failed job waits.
package struct JobBackoff: Sendable, Hashable {
    /// Milliseconds.
    package let base: UInt32
    package let exponent: Float
    /// Milliseconds.
    package let jitter: UInt32
}

/// How long a finished job is kept.
package struct JobRetention: Sendable, Hashable {
    /// Milliseconds.
    package let completed: UInt64?
    /// Milliseconds.
    package let dead: UInt64?
}

/// Which jobs are folded into one.
package struct JobBatch: Sendable, Hashable {
    package let key: String
    /// A jq expression.
    package let when: String
    /// A jq expression.
    package let fold: String
}
