internal import SluiceBase
internal import SluiceHTTP

extension DevQueueService {
    /// `POST /jobs` and `POST /jobs/bulk`: all of the request or nothing.
    func enqueue(_ body: Span<UInt8>, _ format: MessageFormat, isBulk: Bool) -> DevQueueReply {
        let fault = store.withContents {
            $0.statistics.enqueueRequests += 1
            let fault = $0.faults.next()
            if fault != nil { $0.statistics.faultyRequests += 1 }
            return fault
        }
        if let fault, !fault.commits { return fault.reply(instead: .error(500, "internal server error")) }
        switch genuineReply(body, format, isBulk: isBulk, refusedType: fault?.refusedType) {
        case .answer(let genuine): return fault?.reply(instead: genuine) ?? .answer(genuine)
        case let other: return other
        }
    }

    private func genuineReply(
        _ body: Span<UInt8>, _ format: MessageFormat, isBulk: Bool, refusedType: String?
    ) -> DevQueueReply {
        do throws(JobRefusal) {
            guard let json = try format.transcoded(body) else {
                return jsonReply(body, format, isBulk: isBulk, refusedType: refusedType)
            }
            return jsonReply(json.span, format, isBulk: isBulk, refusedType: refusedType)
        } catch { return refused(error) }
    }

    /// - Parameters:
    ///   - body: JSON.
    ///   - format: what it was sent as.
    private func jsonReply(_ body: Span<UInt8>, _ format: MessageFormat, isBulk: Bool, refusedType: String?) -> DevQueueReply {
        let jobs: [JobRequest]
        do {
            jobs = isBulk ? try JobRequestReader.readMany(body) : [try JobRequestReader.readOne(body)]
        } catch {
            return refused(JobRefusal(status: 400, sentence: format.complaint(error)))
        }
        if jobs.contains(where: \.endsTheServer) { return .drop }
        if let refusedType, jobs.contains(where: { $0.type == refusedType }) {
            return refused(JobRefusal(status: 400, sentence: "this type is refused"))
        }
        return commit(jobs, body: body, isBulk: isBulk)
    }

    private func commit(_ jobs: [JobRequest], body: Span<UInt8>, isBulk: Bool) -> DevQueueReply {
        let isLicensed = store.withContents { $0.configuration.isLicensed }
        do throws(JobRefusal) {
            if isBulk {
                try EnqueueRules.checkMany(jobs, isLicensed: isLicensed)
            } else {
                for job in jobs { try EnqueueRules.checkOne(job, isLicensed: isLicensed) }
            }
        } catch { return refused(error) }
        let now = store.now()
        if let refusal = store.withContents({ $0.refusal(of: jobs, isBulk: isBulk, now: now) }) { return refused(refusal) }
        return .answer(stored(jobs, body: body, isBulk: isBulk))
    }

    private func stored(_ jobs: [JobRequest], body: Span<UInt8>, isBulk: Bool) -> HTTPResponse {
        let now = store.now()
        var answer: [UInt8] = []
        answer.reserveCapacity(jobs.count * 256 + 16)
        if isBulk { answer.append(contentsOf: #"{"jobs":["#.utf8) }
        let isAllDuplicate = store.withContents { $0.enqueue(jobs, body: body, now: now, answer: &answer) }
        store.announceJobs()
        if isBulk { answer.append(contentsOf: "]}".utf8) }
        return .json(isAllDuplicate ? 200 : 201, answer)
    }

    private func refused(_ refusal: JobRefusal) -> DevQueueReply {
        store.withContents { $0.statistics.refusedRequests += 1 }
        return .answer(.error(refusal.status, refusal.sentence))
    }
}

extension JobRequest {
    /// Whether a genuine server's process would end over a name of this length.
    fileprivate var endsTheServer: Bool {
        type.utf8.count > EnqueueRules.fatalNameLength || queue.utf8.count > EnqueueRules.fatalNameLength
    }
}

extension DevQueueFault {
    fileprivate var refusedType: String? {
        if case .refusesType(let type) = self { type } else { nil }
    }
}
