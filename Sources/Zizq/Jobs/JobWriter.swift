internal import SluiceBase
internal import SluiceJSON

/// The body of a request, to which jobs are appended. An `Enqueueable` type passes it on.
///
/// ```swift
/// struct Tagged: Enqueueable {
///     var email: SendEmail
///
///     func write(to writer: inout JobWriter) throws(ZizqError) {
///         try Enqueue(email).queue("tagged").write(to: &writer)
///     }
/// }
/// ```
public struct JobWriter: Sendable {
    /// A complete body at any time, so that nothing has to be appended when it is sent: that would copy all of it if it
    /// is shared.
    private(set) var bytes: [UInt8] = []
    /// The number of jobs.
    private(set) var count = 0
    /// Whether every job has a unique key, so that the request is safe to repeat.
    private(set) var isKeyed = true
    private let isBulk: Bool
    /// The start of the object for the type and queue of the last job, which the next one usually shares.
    private var prefix: [UInt8] = []
    private var prefixIsFor: (type: String, queue: String) = ("", "")

    /// - Parameter isBulk: whether the body may contain several jobs.
    init(isBulk: Bool) {
        self.isBulk = isBulk
        if isBulk { bytes = JobObject.emptyBulk }
    }

    /// Returns the body and empties the writer.
    mutating func finish() -> [UInt8] {
        defer {
            bytes = isBulk ? JobObject.emptyBulk : []
            count = 0
            isKeyed = true
        }
        return bytes
    }

    /// Reserves memory, in bytes.
    mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    /// A position to return to.
    struct Mark {
        let bytes: Int
        let count: Int
        let isKeyed: Bool
    }

    var mark: Mark { Mark(bytes: bytes.count, count: count, isKeyed: isKeyed) }

    /// Removes what was written since a position.
    mutating func rewind(to mark: Mark) {
        if isBulk {
            bytes.removeSubrange((mark.bytes - JobObject.bulkEnd.count)...)
            end()
        } else {
            bytes.removeSubrange(mark.bytes...)
        }
        count = mark.count
        isKeyed = mark.isKeyed
    }

    private mutating func begin() {
        if isBulk { bytes.removeLast(JobObject.bulkEnd.count) }
        if count > 0 { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func end() {
        if isBulk { bytes += JobObject.bulkEnd }
    }

    mutating func appendRaw(_ job: [UInt8]) {
        begin()
        bytes += job
        end()
        count += 1
        isKeyed = false
    }

    /// Appends a job. The writer does not change if that fails.
    mutating func append<Kind: JobKind>(_ job: Enqueue<Kind>) throws(ZizqError) {
        let start = mark
        begin()
        do throws(ZizqError) {
            try appendPrefix(type: Kind.name, queue: job.queue ?? Kind.queue)
            try appendPayload(job.value, of: Kind.name)
            try appendOptions(job)
            bytes.append(UInt8(ascii: "}"))
            end()
        } catch {
            rewind(to: start)
            throw error
        }
        count += 1
    }

    private mutating func appendPrefix(type: String, queue: String) throws(ZizqError) {
        if prefix.isEmpty || prefixIsFor.type != type || prefixIsFor.queue != queue {
            if let complaint = ZizqName.complaint(about: type) {
                throw .invalidArgument("the type of a job \(complaint)")
            }
            if let complaint = ZizqName.complaint(about: queue) {
                throw .invalidArgument("the queue of a job \(complaint)")
            }
            prefix.removeAll(keepingCapacity: true)
            JobObject.begin(type: type, queue: queue, in: &prefix)
            JobObject.beginPayload(in: &prefix)
            prefixIsFor = (type, queue)
        }
        bytes += prefix
    }

    private mutating func appendPayload(_ value: some Encodable, of name: String) throws(ZizqError) {
        do {
            try JSONValueEncoder.append(
                value, to: &bytes, maximumDepth: isBulk ? JSONLimits.bulkDepth : JSONLimits.singleDepth)
        } catch {
            throw .invalidArgument(
                "a job of the type \(PrintableText.escape(name)) cannot be encoded: \(CodingErrorText.of(error))")
        }
    }

    private mutating func appendOptions<Kind: JobKind>(_ job: Enqueue<Kind>) throws(ZizqError) {
        if let priority = job.priority ?? Kind.priority { append(.priority(Int(priority))) }
        if let readyAt = job.readyAt?.timestamp(now: Timestamp.now) {
            guard readyAt.millisecondsSinceEpoch >= 0 else {
                throw .invalidArgument("readyAt must not be before 1970")
            }
            append(.readyAt(readyAt.millisecondsSinceEpoch))
        }
        if let limit = job.retryLimit ?? Kind.retryLimit { append(.retryLimit(Int(limit))) }
        if let backoff = job.backoff ?? Kind.backoff { append(try backoff.option()) }
        if let option = try (job.retention ?? Kind.retention)?.option() { append(option) }
        try appendIdentity(job)
        let budgets = job.budgets ?? Kind.budgets
        if !budgets.isEmpty { append(try BudgetBinding.option(budgets)) }
    }

    private mutating func appendIdentity<Kind: JobKind>(_ job: Enqueue<Kind>) throws(ZizqError) {
        let key = job.uniqueKey ?? job.value.uniqueKey
        let batch = job.batch ?? job.value.batch
        guard key == nil || batch == nil else { throw .invalidArgument("a job has either a unique key or a batch") }
        if let key { try key.append(to: &bytes, scope: key.scope ?? Kind.uniqueWhile) } else { isKeyed = false }
        if let batch { append(try batch.option()) }
    }

    private mutating func append(_ option: JobOption) { JobObject.append(option, to: &bytes) }
}
