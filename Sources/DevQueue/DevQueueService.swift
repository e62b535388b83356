package import SluiceBase
package import SluiceHTTP

/// Answers HTTP requests as a Zizq server would: a development stand-in, no job queue. Nothing survives the process and
/// nobody can take a job out.
///
/// It is a function from a request to what the connection is to do; it opens no socket. Callable from any thread.
///
/// Where it knowingly differs from a genuine server: it reads and answers JSON alone (MessagePack is 501), it gives payloads
/// back as they were sent rather than with their keys sorted, and a batch that would have to be folded is 422, because
/// folding needs jq.
package final class DevQueueService: Sendable {
    package let store: DevQueueStore

    package init(store: DevQueueStore) { self.store = store }

    /// What is refused before the body is read: a path or method that is not there, media types that do not fit.
    package func refusal(of request: borrowing RequestView) -> HTTPResponse? {
        let path = request.path.text
        if DevQueueAdmin.owns(path) { return nil }
        let method = request.method.text
        guard let route = DevQueueRoute(path: path) else { return .error(404, "not found") }
        guard route.methods.contains(method) else {
            return HTTPResponse(status: 405, headers: [("allow", route.methods.joined(separator: ","))])
        }
        return MediaTypes.refusal(of: request, hasBody: method == "POST" && route != .reset)
    }

    /// What the connection is to do with a request that has arrived whole.
    package func respond(to request: borrowing RequestView) -> DevQueueReply {
        if let refusal = refusal(of: request) { return .answer(refusal) }
        let path = request.path.text
        if DevQueueAdmin.owns(path) { return .answer(DevQueueAdmin.respond(to: request, store: store)) }
        guard let route = DevQueueRoute(path: path) else { return .answer(.error(404, "not found")) }
        switch route {
        case .jobs where request.method.equals("POST"): return enqueue(request.body, isBulk: false)
        case .bulk: return enqueue(request.body, isBulk: true)
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
