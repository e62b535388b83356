/// What makes Zizq refuse a job whose JSON is right: the status and the sentence.
struct JobRefusal: Error, Hashable {
    let status: Int
    let sentence: String

    /// In a bulk a sentence about one job starts with the job's position.
    func at(_ position: Int) -> JobRefusal { JobRefusal(status: status, sentence: "jobs[\(position)]: \(sentence)") }
}

/// The checks of an enqueue, in the order in which Zizq makes them.
enum EnqueueRules {
    /// A name above this many bytes ends the process of a genuine server.
    static let fatalNameLength = 65_507

    static func checkOne(_ job: JobRequest, isLicensed: Bool) throws(JobRefusal) {
        try checkShape(job)
        try checkLicence(job, isLicensed: isLicensed)
        try checkScope(job)
        try checkExpressions(job)
    }

    static func checkMany(_ jobs: [JobRequest], isLicensed: Bool) throws(JobRefusal) {
        for (position, job) in jobs.enumerated() {
            do {
                try checkShape(job)
                try checkScope(job)
            } catch { throw error.at(position) }
        }
        for job in jobs { try checkLicence(job, isLicensed: isLicensed) }
        for (position, job) in jobs.enumerated() where job.batch != nil {
            do { try checkExpressions(job) } catch { throw error.at(position) }
        }
    }

    private static func checkShape(_ job: JobRequest) throws(JobRefusal) {
        try checkName(job.type, of: "type")
        try checkName(job.queue, of: "queue")
        if job.uniqueKey == nil, job.uniqueWhile != nil {
            throw JobRefusal(status: 400, sentence: "unique_while requires unique_key")
        }
        if job.uniqueKey != nil, job.batch != nil {
            throw JobRefusal(status: 400, sentence: "unique_key and batch cannot be combined")
        }
    }

    private static func checkName(_ name: String, of field: String) throws(JobRefusal) {
        if name.isEmpty { throw JobRefusal(status: 400, sentence: "\(field) must not be empty") }
        for byte in name.utf8 {
            switch byte {
            case 0: throw JobRefusal(status: 400, sentence: "\(field) must not contain null bytes")
            case UInt8(ascii: ","): throw JobRefusal(status: 400, sentence: "\(field) must not contain ','")
            case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"),
                UInt8(ascii: "\\"):
                throw JobRefusal(status: 400, sentence: "\(field) must not contain '\(Character(Unicode.Scalar(byte)))' (reserved)")
            default: continue
            }
        }
    }

    private static func checkScope(_ job: JobRequest) throws(JobRefusal) {
        guard let scope = job.uniqueWhile, UniqueScope(rawValue: scope) == nil else { return }
        let sentence = #"invalid unique_while: "\#(scope)" (expected "queued", "active", or "exists")"#
        throw JobRefusal(status: 400, sentence: sentence)
    }

    private static func checkExpressions(_ job: JobRequest) throws(JobRefusal) {
        guard let batch = job.batch else { return }
        for (name, text) in [("when", batch.when), ("fold", batch.fold)] {
            if !BatchExpression.isPlausible(text) {
                throw JobRefusal(status: 422, sentence: "batch.\(name) is not a jq expression")
            }
        }
    }

    private static func checkLicence(_ job: JobRequest, isLicensed: Bool) throws(JobRefusal) {
        guard !isLicensed else { return }
        if job.uniqueKey != nil { throw JobRefusal(status: 403, sentence: "unique jobs requires a pro license") }
        if job.batch != nil { throw JobRefusal(status: 403, sentence: "batched jobs requires a pro license") }
    }
}
