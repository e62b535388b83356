internal import SluiceBase

extension StoredJob {
    /// The columns that make a job, in the order that `job(_:from:)` reads.
    static let columns = "type, queue, unique_key, unique_while, options, checksum, payload"

    /// From a row of `Statements.selectPending`, `selectJob` or `selectParked`.
    init(_ row: Statement) {
        let job = Self.job(row, from: 3)
        self.init(
            id: row.int64(0), delivery: row.int64(1), storedAtMilliseconds: row.int64(2), job: job,
            isIntact: row.int64(8) == Int64(bitPattern: Self.checksum(job)), checksum: row.int64(8))
    }

    /// The job whose first column is number `first`.
    static func job(_ row: Statement, from first: Int32) -> IngestJob {
        IngestJob(
            type: row.text(first), queue: row.text(first + 1), options: row.bytes(first + 4), uniqueKey: row.optionalText(first + 2),
            uniqueWhile: row.optionalText(first + 3), payload: row.bytes(first + 6))
    }

    /// - Parameter texts: type, queue, unique key and unique while, and nothing else.
    static func checksum(_ texts: TextScratch, _ job: IngestJob) -> UInt64 {
        var seed = texts.checksum
        seed = Checksum.xxh64(job.options.span, seed: seed)
        return Checksum.xxh64(job.payload.span, seed: seed)
    }

    static func checksum(_ job: IngestJob) -> UInt64 {
        var texts = TextScratch()
        _ = texts.append(job.type)
        _ = texts.append(job.queue)
        _ = texts.append(job.uniqueKey)
        _ = texts.append(job.uniqueWhile)
        return checksum(texts, job)
    }
}
