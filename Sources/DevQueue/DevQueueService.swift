package import SluiceBase
package import SluiceHTTP
internal import SluiceJSON

/// Answers HTTP requests like a Zizq server: a development stand-in. Jobs have the same life cycle, but nothing
/// survives the process.
///
/// It maps a request to the action of its connection, without sockets. Can be used from any thread.
///
/// Intentional differences from a Zizq server:
///
/// - It speaks HTTP/1.1 and 1.0, not HTTP/2, and JSON, not MessagePack.
/// - The text after `invalid JSON: ` is different, and an unknown field must be valid JSON, too.
/// - There is no jq: a batch that would have to be folded is 422, the `filter` of listings and counts is 400, and a
///   batch's expressions are refused only for unbalanced brackets or strings.
/// - The errors that workers report are not kept. There is no `GET /jobs/{id}/errors`, and jobs cannot be changed,
///   deleted or repeated.
/// - `budgets` are ignored, like any field that a server of this version does not have.
package final class DevQueueService: Sendable {
    package let store: DevQueueStore

    package init(store: DevQueueStore) { self.store = store }

    /// The refusal of a request before its body is read: because of its path, its method or its media types.
    package func refusal(of request: borrowing RequestView) -> HTTPResponse? {
        guard let (route, _) = DevQueueRoute.of(request.path.text) else { return .error(404, "not found") }
        guard route.methods.contains(request.method.text) else {
            return HTTPResponse(status: 405, headers: [("allow", route.methods.joined(separator: ","))])
        }
        return route.mediaTypeRefusal(of: request)
    }

    /// The action of the connection for a complete request.
    package func respond(to request: borrowing RequestView) -> DevQueueReply {
        if let refusal = refusal(of: request) { return .answer(refusal) }
        guard let (route, id) = DevQueueRoute.of(request.path.text) else { return .answer(.error(404, "not found")) }
        do throws(RejectedJobError) {
            return try reply(to: request, route, id: id)
        } catch {
            return .answer(.error(error.status, error.sentence))
        }
    }

    private func reply(
        to request: borrowing RequestView, _ route: DevQueueRoute, id: String
    ) throws(RejectedJobError) -> DevQueueReply {
        switch route {
        case .jobs where request.method.equals("POST"): return enqueue(request.body, isBulk: false)
        case .bulk: return enqueue(request.body, isBulk: true)
        case .take: return .take(try TakeRequest(QueryParameters(request.query)))
        case .success: return .answer(completed(id))
        case .successes: return .answer(try completedAll(request.body))
        case .failure: return .answer(try failed(id, request.body))
        case .health: return .answer(.json(200, Array(#"{"status":"ok"}"#.utf8)))
        case .version:
            var body = Array(#"{"version":"#.utf8)
            body.appendJSONString(store.withContents { $0.configuration.version })
            return .answer(.json(200, body + [UInt8(ascii: "}")]))
        case .reset:
            store.reset()
            return .answer(HTTPResponse(status: 204))
        case .queues:
            return .answer(.list(store.withContents { Set($0.jobs.values.map(\.queue)) }.sorted(), named: "queues"))
        case .count: return .answer(try count(QueryParameters(request.query)))
        case .jobs: return .answer(try page(QueryParameters(request.query)))
        case .job: return .answer(job(id))
        case .statistics: return .answer(statistics())
        case .allJobs: return .answer(allJobs())
        }
    }

    // MARK: - Workers

    /// `POST /jobs/{id}/success`
    private func completed(_ id: String) -> HTTPResponse {
        complete(id) ? HTTPResponse(status: 204) : Self.notInFlight
    }

    private func complete(_ id: String) -> Bool {
        JobIdentifier(id).map { id in store.withContents { $0.complete(id) } } ?? false
    }

    /// `POST /jobs/success`
    private func completedAll(_ body: Span<UInt8>) throws(RejectedJobError) -> HTTPResponse {
        let ids = try RequestReader.ids(body)
        guard !ids.isEmpty else { throw RejectedJobError(400, "ids must not be empty") }
        let unknown = ids.filter { !complete($0) }
        return unknown.isEmpty ? HTTPResponse(status: 204) : .list(unknown, named: "not_found", status: 422)
    }

    /// `POST /jobs/{id}/failure`
    private func failed(_ id: String, _ body: Span<UInt8>) throws(RejectedJobError) -> HTTPResponse {
        let report = try RequestReader.failure(body)
        let job = JobIdentifier(id).flatMap { id in store.withContents { $0.fail(id, report) } }
        guard let job else { return Self.notInFlight }
        var answer: [UInt8] = []
        job.appendJSON(to: &answer, as: .withoutPayload)
        return .json(200, answer)
    }

    private static let notInFlight = HTTPResponse.error(404, "job not found in in-flight set")
}

/// The connection's action for one request.
package indirect enum DevQueueReply: Sendable {
    case answer(HTTPResponse)
    /// Sends these bytes, then closes.
    case bytesThenClose([UInt8])
    /// Streams jobs to a worker.
    case take(TakeRequest)
    /// Closes without a byte.
    case drop
    /// Neither answers nor closes.
    case silence
    /// Replies after this time.
    case delayed(Duration, DevQueueReply)
}

/// The formats of Zizq's answers.
extension HTTPResponse {
    static func json(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("content-type", "application/json")], body: body)
    }

    /// `{"error":"…"}`
    static func error(_ status: Int, _ sentence: String) -> HTTPResponse {
        var body = Array(#"{"error":"#.utf8)
        body.appendJSONString(sentence)
        return json(status, body + [UInt8(ascii: "}")])
    }

    /// `{"name":["…"]}`
    static func list(_ texts: [String], named name: String, status: Int = 200) -> HTTPResponse {
        var body = Array(#"{"\#(name)":["#.utf8)
        for (position, text) in texts.enumerated() {
            if position > 0 { body.append(UInt8(ascii: ",")) }
            body.appendJSONString(text)
        }
        return json(status, body + Array("]}".utf8))
    }
}
