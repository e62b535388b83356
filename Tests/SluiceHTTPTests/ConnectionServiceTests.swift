import SluiceBase
import Testing

@testable import SluiceHTTP

/// What a service knows of one connection's request from its head to its answer.
@Suite struct ConnectionServiceTests {
    private final class Visit {
        let path: String
        init(path: String) { self.path = path }
    }

    /// Remembers what it was told of each request.
    private final class Guestbook: HTTPService {
        private(set) var entries: [String] = []

        func admit(_ request: borrowing RequestView) -> Admission<Visit> {
            request.path.equals("/closed")
                ? .refuse(HTTPResponse(status: 404)) : .body(limit: 10, context: Visit(path: request.path.text))
        }

        func respond(to request: borrowing RequestView, context: Visit, exchange: ExchangeID) -> ServiceReply {
            entries.append("answered \(context.path)")
            return .later
        }

        func refused(_ code: ErrorCode, reason: String, peer: PeerAddress, context: Visit) -> Bool {
            entries.append("refused \(context.path): \(code.rawValue)")
            return true
        }
    }

    private func with(_ path: String, _ use: (borrowing RequestView) -> Void) {
        let bytes = Array("GET \(path) HTTP/1.1\r\nhost: h\r\n\r\n".utf8)
        var parser = RequestParser(limits: HTTPLimits())
        guard case .head(let head) = parser.parse(bytes.span) else { return }
        use(head.view(over: bytes.span, body: bytes.span.extracting(0..<0), peer: .unknown))
    }

    @Test("the context of a request reaches its answer or its refusal, and no other request")
    func context() {
        let book = Guestbook()
        let connection = TypedConnectionService(book)
        let exchange = ExchangeID(connection: 1, sequence: 1)
        with("/one") { request in
            guard case .body(limit: 10) = connection.admit(request) else {
                Issue.record("it is refused")
                return
            }
            _ = connection.respond(to: request, exchange: exchange)
            // Its context was released with its answer.
            guard case .drop = connection.respond(to: request, exchange: exchange) else {
                Issue.record("it is answered twice")
                return
            }
        }
        with("/two") { _ = connection.admit($0) }
        #expect(connection.refused(.bodyTooLarge, reason: "", peer: .unknown))
        #expect(!connection.refused(.malformedRequest, reason: "", peer: .unknown))
        with("/closed") { request in
            guard case .refuse(let response) = connection.admit(request) else {
                Issue.record("it is admitted")
                return
            }
            #expect(response.status == 404)
        }
        #expect(!connection.refused(.malformedRequest, reason: "", peer: .unknown))
        #expect(book.entries == ["answered /one", "refused /two: body_too_large"])
    }
}
