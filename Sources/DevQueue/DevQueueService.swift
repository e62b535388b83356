package import SluiceBase
package import SluiceHTTP

/// Answers HTTP requests as a Zizq server would: a development stand-in. Jobs live as they do there, but nothing survives the process.
///
/// It is a function from a request to what the connection is to do; it opens no socket. Callable from any thread.
///
/// Where it knowingly differs from a genuine server:
///
/// - HTTP/1.1 and 1.0 alone are spoken, not HTTP/2.
/// - There is no jq: a batch that would have to be folded is 422, the `filter` of listings and counts is 400, and of the expressions of a
///   batch only those are refused whose brackets or texts do not close.
/// - The errors that workers report are not kept; neither `GET /jobs/{id}/errors` is there nor changing, deleting and repeating of jobs.
/// - `budgets` are ignored, as every field that the server of this version does not know.
package final class DevQueueService: Sendable {
    package let store: DevQueueStore

    package init(store: DevQueueStore) { self.store = store }

    /// What is refused before the body is read: a path or method that is not there, media types that do not fit.
    package func refusal(of request: borrowing RequestView) -> HTTPResponse? {
        let path = request.path.text
        if DevQueueAdmin.owns(path) { return nil }
        guard let route = DevQueueRoute(path: path) else { return .error(404, "not found") }
        guard route.methods.contains(request.method.text) else {
            return HTTPResponse(status: 405, headers: [("allow", route.methods.joined(separator: ","))])
        }
        return MediaTypes.refusal(of: request, route: route)
    }

    /// What the connection is to do with a request that has arrived whole.
    package func respond(to request: borrowing RequestView) -> DevQueueReply {
        if let refusal = refusal(of: request) { return .answer(refusal) }
        let path = request.path.text
        if DevQueueAdmin.owns(path) { return .answer(DevQueueAdmin.respond(to: request, store: store)) }
        guard let route = DevQueueRoute(path: path) else { return .answer(.error(404, "not found")) }
        return reply(to: request, route).inFormat(MediaTypes.ofAnswer(request))
    }

    private func reply(to request: borrowing RequestView, _ route: DevQueueRoute) -> DevQueueReply {
        let format = MediaTypes.ofBody(request)
        switch route {
        case .jobs where request.method.equals("POST"): return enqueue(request.body, format, isBulk: false)
        case .bulk: return enqueue(request.body, format, isBulk: true)
        case .take: return take(request)
        case .success(let id): return .answer(completed(id))
        case .successes: return .answer(completedAll(request.body, format))
        case .failure(let id): return .answer(failed(id, request.body, format))
        case .health: return .answer(.json(200, Array(#"{"status":"ok"}"#.utf8)))
        case .version: return .answer(version())
        case .reset:
            store.reset()
            return .answer(HTTPResponse(status: 204))
        case .queues: return .answer(DevQueueListing.queues(store))
        case .count: return .answer(DevQueueListing.count(store, query: request.query))
        case .jobs: return .answer(DevQueueListing.page(store, query: request.query))
        case .job(let id): return .answer(DevQueueListing.job(store, id: id))
        }
    }

    private func version() -> HTTPResponse {
        var body = Array(#"{"version":"#.utf8)
        body.appendJSON(text: store.withContents { $0.configuration.version })
        body.append(UInt8(ascii: "}"))
        return .json(200, body)
    }
}
