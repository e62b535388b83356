internal import SluiceBase
internal import SluiceHTTP

/// What workers ask for: jobs to take, and to acknowledge.
extension DevQueueService {
    /// `GET /jobs/take`
    func take(_ request: borrowing RequestView) -> DevQueueReply {
        do throws(JobRefusal) {
            return .take(try TakeRequest(QueryParameters(request.query), format: MediaTypes.ofAnswer(request)))
        } catch { return .answer(.error(error.status, error.sentence)) }
    }

    /// `POST /jobs/{id}/success`
    func completed(_ id: String) -> HTTPResponse {
        guard let id = JobIdentifier(id), store.complete(id) else { return Self.notInFlight }
        return HTTPResponse(status: 204)
    }

    /// `POST /jobs/success`
    func completedAll(_ body: Span<UInt8>, _ format: MessageFormat) -> HTTPResponse {
        do throws(JobRefusal) {
            let ids = try format.read(body) { (json) throws(StrictJSONError) in try ReportReader.readSuccesses(json) }
            guard !ids.isEmpty else { throw JobRefusal(status: 400, sentence: "ids must not be empty") }
            let unknown = ids.filter { id in !(JobIdentifier(id).map(store.complete) ?? false) }
            return unknown.isEmpty ? HTTPResponse(status: 204) : Self.notFound(unknown)
        } catch { return .error(error.status, error.sentence) }
    }

    /// `POST /jobs/{id}/failure`
    func failed(_ id: String, _ body: Span<UInt8>, _ format: MessageFormat) -> HTTPResponse {
        do throws(JobRefusal) {
            let report = try format.read(body) { (json) throws(StrictJSONError) in try ReportReader.readFailure(json) }
            guard let id = JobIdentifier(id), let job = store.fail(id, report) else { return Self.notInFlight }
            var answer: [UInt8] = []
            job.appendJSON(to: &answer, as: .withoutPayload)
            return .json(200, answer)
        } catch { return .error(error.status, error.sentence) }
    }

    private static let notInFlight = HTTPResponse.error(404, "job not found in in-flight set")

    private static func notFound(_ ids: [String]) -> HTTPResponse {
        var body = Array(#"{"not_found":["#.utf8)
        for (position, id) in ids.enumerated() {
            if position > 0 { body.append(UInt8(ascii: ",")) }
            body.appendJSON(text: id)
        }
        body.append(contentsOf: "]}".utf8)
        return .json(422, body)
    }
}

extension MessageFormat {
    /// Reads a body in this notation with what reads JSON.
    fileprivate func read<Value>(
        _ body: Span<UInt8>, _ reader: (Span<UInt8>) throws(StrictJSONError) -> Value
    ) throws(JobRefusal) -> Value {
        let transcoded = try transcoded(body)
        do throws(StrictJSONError) {
            guard let transcoded else { return try reader(body) }
            return try reader(transcoded.span)
        } catch {
            throw JobRefusal(status: 400, sentence: complaint(error))
        }
    }
}
