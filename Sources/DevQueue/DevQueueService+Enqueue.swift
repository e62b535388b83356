internal import SluiceBase
internal import SluiceHTTP

extension DevQueueService {
    /// `POST /jobs` and `POST /jobs/bulk`: stores all jobs of the request or none.
    func enqueue(_ body: Span<UInt8>, isBulk: Bool) -> DevQueueReply {
        let fault = store.withContents {
            $0.statistics.enqueueRequests += 1
            let fault = $0.faults.next()
            if fault != nil { $0.statistics.faultyRequests += 1 }
            return fault
        }
        if case .silencesType(let type) = fault,
            String(decoding: body.array, as: UTF8.self).contains(#""type":"\#(type)""#)
        {
            return .silence
        }
        if let fault, !fault.commits { return fault.reply(insteadOf: .error(500, "internal server error")) }
        guard let answer = answer(to: body, isBulk: isBulk, refusing: fault) else { return .drop }
        return fault?.reply(insteadOf: answer) ?? .answer(answer)
    }

    /// - Returns: `nil` if the process of a Zizq server would end.
    private func answer(to body: Span<UInt8>, isBulk: Bool, refusing fault: DevQueueFault?) -> HTTPResponse? {
        do throws(RejectedJobError) {
            let jobs = isBulk ? try RequestReader.jobs(body) : [try RequestReader.job(body)]
            if jobs.contains(where: EnqueueRules.endsServer) { return nil }
            if case .refusesType(let type) = fault, jobs.contains(where: { $0.type == type }) {
                throw RejectedJobError(400, "this type is refused")
            }
            if case .filtersType(let type) = fault, jobs.contains(where: { $0.type == type }) {
                throw RejectedJobError(503, "this type is filtered")
            }
            let isLicensed = store.withContents { $0.configuration.isLicensed }
            try EnqueueRules.check(jobs, isBulk: isBulk, isLicensed: isLicensed)
            if let refusal = store.withContents({ $0.refusal(of: jobs, isBulk: isBulk) }) { throw refusal }
            return stored(jobs, body: body, isBulk: isBulk)
        } catch {
            store.withContents { $0.statistics.refusedRequests += 1 }
            return .error(error.status, error.sentence)
        }
    }

    private func stored(_ jobs: [JobRequest], body: Span<UInt8>, isBulk: Bool) -> HTTPResponse {
        var answer: [UInt8] = []
        answer.reserveCapacity(jobs.count * 256 + 16)
        if isBulk { answer.append(contentsOf: #"{"jobs":["#.utf8) }
        let isAllDuplicate = store.withContents { $0.enqueue(jobs, body: body, answer: &answer) }
        if isBulk { answer.append(contentsOf: "]}".utf8) }
        return .json(isAllDuplicate ? 200 : 201, answer)
    }
}

/// A Zizq server's refusal of a request: the status and the sentence.
struct RejectedJobError: Error, Hashable {
    let status: Int
    let sentence: String

    init(_ status: Int, _ sentence: String) {
        self.status = status
        self.sentence = sentence
    }

    /// The error of one job of a bulk request, which starts with the job's index.
    func at(_ position: Int) -> RejectedJobError { RejectedJobError(status, "jobs[\(position)]: \(sentence)") }
}

/// The checks of an enqueue, in Zizq's order.
enum EnqueueRules {
    /// Whether the job would end the process of a Zizq server: a name has more than 65,507 bytes.
    static func endsServer(_ job: JobRequest) -> Bool { max(job.type.utf8.count, job.queue.utf8.count) > 65_507 }

    static func check(_ jobs: [JobRequest], isBulk: Bool, isLicensed: Bool) throws(RejectedJobError) {
        guard isBulk else {
            for job in jobs {
                try checkShape(job)
                try checkLicence(job, isLicensed)
                try checkScope(job)
                try checkExpressions(job)
            }
            return
        }
        for (position, job) in jobs.enumerated() {
            do {
                try checkShape(job)
                try checkScope(job)
            } catch { throw error.at(position) }
        }
        for job in jobs { try checkLicence(job, isLicensed) }
        for (position, job) in jobs.enumerated() {
            do { try checkExpressions(job) } catch { throw error.at(position) }
        }
    }

    private static func checkShape(_ job: JobRequest) throws(RejectedJobError) {
        try checkName(job.type, of: "type")
        try checkName(job.queue, of: "queue")
        if job.uniqueKey == nil, job.uniqueWhile != nil {
            throw RejectedJobError(400, "unique_while requires unique_key")
        }
        if job.uniqueKey != nil, job.batch != nil {
            throw RejectedJobError(400, "unique_key and batch cannot be combined")
        }
    }

    private static func checkName(_ name: String, of field: String) throws(RejectedJobError) {
        if name.isEmpty { throw RejectedJobError(400, "\(field) must not be empty") }
        for byte in name.utf8 {
            switch byte {
            case 0: throw RejectedJobError(400, "\(field) must not contain null bytes")
            case UInt8(ascii: ","): throw RejectedJobError(400, "\(field) must not contain ','")
            case let byte where #"*?[]{}\"#.utf8.contains(byte):
                throw RejectedJobError(400, "\(field) must not contain '\(Character(Unicode.Scalar(byte)))' (reserved)")
            default: continue
            }
        }
    }

    private static func checkLicence(_ job: JobRequest, _ isLicensed: Bool) throws(RejectedJobError) {
        guard !isLicensed else { return }
        if job.uniqueKey != nil { throw RejectedJobError(403, "unique jobs requires a pro license") }
        if job.batch != nil { throw RejectedJobError(403, "batched jobs requires a pro license") }
    }

    private static func checkScope(_ job: JobRequest) throws(RejectedJobError) {
        guard let scope = job.uniqueWhile, UniqueScope(rawValue: scope) == nil else { return }
        throw RejectedJobError(400, #"invalid unique_while: "\#(scope)" (expected "queued", "active", or "exists")"#)
    }

    private static func checkExpressions(_ job: JobRequest) throws(RejectedJobError) {
        guard let batch = job.batch else { return }
        for (name, text) in [("when", batch.when), ("fold", batch.fold)] where !isPlausible(text) {
            throw RejectedJobError(422, "batch.\(name) is not a jq expression")
        }
    }

    /// Whether a jq expression is not empty and has balanced brackets and strings. More cannot be checked without jq.
    private static func isPlausible(_ expression: String) -> Bool {
        let closing: [UInt8: UInt8] = [0x28: 0x29, 0x5B: 0x5D, 0x7B: 0x7D]
        var open: [UInt8] = []
        var isString = false
        var isEscaped = false
        for byte in expression.utf8 {
            if isEscaped {
                isEscaped = false
            } else if isString {
                isEscaped = byte == UInt8(ascii: "\\")
                isString = byte != UInt8(ascii: "\"")
            } else if let bracket = closing[byte] {
                open.append(bracket)
            } else if closing.values.contains(byte) {
                if open.popLast() != byte { return false }
            } else {
                isString = byte == UInt8(ascii: "\"")
            }
        }
        return open.isEmpty && !isString && expression.contains { !$0.isWhitespace }
    }
}
