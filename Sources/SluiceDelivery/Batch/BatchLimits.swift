/// How large a batch may be: the settings `zizq.batch_jobs` and `zizq.batch_bytes`.
package struct BatchLimits: Sendable, Hashable {
    /// 1–10,000.
    package var jobs: Int
    /// Bytes; a job that is larger goes alone.
    package var bytes: Int

    package init(jobs: Int = 1000, bytes: Int = 8 << 20) {
        self.jobs = jobs
        self.bytes = bytes
    }
}
