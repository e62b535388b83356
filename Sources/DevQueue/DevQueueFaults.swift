internal import SluiceHTTP

/// A fault of an enqueue, for tests of its sender.
package enum DevQueueFault: Sendable, Hashable {
    /// Refused with this status and `{"error":…}`; nothing is stored.
    case status(Int, error: String)
    /// The normal answer, after this time.
    case delay(Duration)
    /// The connection closes without an answer; nothing is stored.
    case dropBeforeCommit
    /// The connection closes without an answer; the jobs are stored.
    case dropAfterCommit
    /// 200 with a JSON content type and a body that is not JSON; the jobs are stored.
    case garbage
    /// The jobs are stored, half of the answer's bytes are sent and the connection closes.
    case halfAnswer
    /// 400 with an HTML page, as from a proxy; nothing is stored.
    case htmlBadRequest
    /// 413 with an HTML page; nothing is stored.
    case payloadTooLarge
    /// 307 to another URL; nothing is stored.
    case redirect
    /// No answer and no close; nothing is stored.
    case silence
    /// No answer and no close; the jobs are stored.
    case silenceAfterCommit
    /// 400 without an index if a job of this type is in the request; anything else is accepted.
    case refusesType(String)
    /// 503 if a job of this type is in the request, as from a filter; anything else is accepted.
    case filtersType(String)
    /// No answer and no close if a job of this type is in the request, which is not stored; anything else is accepted.
    case silencesType(String)
    /// 429 with `Retry-After` in seconds; nothing is stored.
    case busy(retryAfter: Int)
}

/// The fault of the next enqueues.
struct DevQueueFaults {
    private var fault: DevQueueFault?
    private var remaining = 0

    /// - Parameter count: the number of enqueues; `nil` for all.
    mutating func set(_ fault: DevQueueFault?, count: Int?) {
        self.fault = fault
        remaining = count ?? .max
    }

    /// The fault of the enqueue that has just arrived.
    mutating func next() -> DevQueueFault? {
        guard remaining > 0 else { return nil }
        remaining -= 1
        return fault
    }
}

extension DevQueueFault {
    /// Whether the jobs are stored despite the fault.
    var commits: Bool {
        switch self {
        case .delay, .dropAfterCommit, .garbage, .halfAnswer, .silenceAfterCommit, .refusesType, .filtersType,
            .silencesType:
            true
        case .status, .dropBeforeCommit, .htmlBadRequest, .payloadTooLarge, .redirect, .silence, .busy: false
        }
    }

    /// The reply instead of the normal answer.
    func reply(insteadOf normal: HTTPResponse) -> DevQueueReply {
        switch self {
        case .status(let status, let error): .answer(.error(status, error))
        case .delay(let duration): .delayed(duration, .answer(normal))
        case .dropBeforeCommit, .dropAfterCommit: .drop
        case .garbage: .answer(.json(200, Array("<<not JSON>>".utf8)))
        case .halfAnswer: .bytesThenClose(Self.half(of: normal))
        case .htmlBadRequest: .answer(Self.page(400, "Bad Request"))
        case .payloadTooLarge: .answer(Self.page(413, "Request Entity Too Large"))
        case .redirect: .answer(HTTPResponse(status: 307, headers: [("location", "https://queue.example/jobs/bulk")]))
        case .silence, .silenceAfterCommit: .silence
        case .refusesType, .filtersType, .silencesType: .answer(normal)
        case .busy(let seconds): .answer(Self.busy(seconds))
        }
    }

    private static func busy(_ seconds: Int) -> HTTPResponse {
        HTTPResponse(
            status: 429, headers: [("content-type", "application/json"), ("retry-after", String(seconds))],
            body: Array(#"{"error":"slow down"}"#.utf8))
    }

    /// The first half of the encoded answer.
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
