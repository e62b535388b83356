internal import SluiceHTTP

/// One way in which an enqueue goes wrong, for tests of whoever sends it.
package enum DevQueueFault: Sendable, Hashable {
    /// Refused with this status and `{"error":…}`; nothing is stored.
    case status(Int, error: String)
    /// The genuine answer, this much later.
    case delay(Duration)
    /// The connection closes without an answer; nothing is stored.
    case dropBeforeCommit
    /// The connection closes without an answer; the jobs are stored.
    case dropAfterCommit
    /// 200 with a JSON content type and something else inside; the jobs are stored.
    case garbage
    /// The jobs are stored, half of the answer's bytes are sent and the connection closes.
    case halfAnswer
    /// 400 with a page of HTML, as a proxy in between would answer; nothing is stored.
    case htmlBadRequest
    /// 413 with a page of HTML; nothing is stored.
    case payloadTooLarge
    /// 307 to another place; nothing is stored.
    case redirect
    /// No answer and no close; nothing is stored.
    case silence
    /// No answer and no close; the jobs are stored.
    case silenceAfterCommit
    /// 400 without an index where a job of this type is in the request; anything else is accepted.
    case refusesType(String)
}

/// Which fault the next enqueues meet.
struct DevQueueFaults {
    private var fault: DevQueueFault?
    /// For how many enqueues more; `nil` for all.
    private var remaining: Int?

    mutating func set(_ fault: DevQueueFault, count: Int?) {
        self.fault = fault
        remaining = count
    }

    mutating func clear() { fault = nil }

    /// The fault of the enqueue that has just arrived.
    mutating func next() -> DevQueueFault? {
        guard let fault else { return nil }
        guard let left = remaining else { return fault }
        guard left > 0 else {
            self.fault = nil
            return nil
        }
        remaining = left - 1
        return fault
    }
}

extension DevQueueFault {
    /// Whether the jobs are stored all the same.
    var commits: Bool {
        switch self {
        case .delay, .dropAfterCommit, .garbage, .halfAnswer, .silenceAfterCommit, .refusesType: true
        case .status, .dropBeforeCommit, .htmlBadRequest, .payloadTooLarge, .redirect, .silence: false
        }
    }

    /// What is done in place of giving the genuine answer.
    ///
    /// - Parameter genuine: what would be answered; the 500 of a store that has failed where nothing was stored.
    func reply(instead genuine: HTTPResponse) -> DevQueueReply {
        switch self {
        case .status(let status, let error): .answer(.error(status, error))
        case .delay(let duration): .delayed(duration, .answer(genuine))
        case .dropBeforeCommit, .dropAfterCommit: .drop
        case .garbage: .answer(.json(200, Array("<<not JSON>>".utf8)))
        case .halfAnswer: .bytesThenClose(Self.half(of: genuine))
        case .htmlBadRequest: .answer(Self.page(400, "Bad Request"))
        case .payloadTooLarge: .answer(Self.page(413, "Request Entity Too Large"))
        case .redirect: .answer(HTTPResponse(status: 307, headers: [("location", "https://queue.example/jobs/bulk")]))
        case .silence, .silenceAfterCommit: .silence
        case .refusesType: .answer(genuine)
        }
    }

    /// The first half of the answer as it would have gone over the wire.
    private static func half(of answer: HTTPResponse) -> [UInt8] {
        var bytes: [UInt8] = []
        ResponseWriter.append(answer, date: [], connection: .keepAlive, to: &bytes)
        return Array(bytes.prefix(bytes.count / 2))
    }

    private static func page(_ status: Int, _ title: String) -> HTTPResponse {
        let body = "<html><head><title>\(status) \(title)</title></head><body><h1>\(title)</h1></body></html>\n"
        return HTTPResponse(status: status, headers: [("content-type", "text/html")], body: Array(body.utf8))
    }
}
