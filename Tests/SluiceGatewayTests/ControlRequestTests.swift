import SluiceOutbox
import Testing

@testable import SluiceGateway

@Suite("A control request")
struct ControlRequestTests {
    @Test(
        "reads back what it writes",
        arguments: [
            ControlRequest.status, .jobs(.pending, after: 0, limit: 50), .jobs(.delivered, after: 17, limit: 500), .job(3),
            .deadLetters(after: 9, limit: 1), .deadLetter(4), .retry(12), .reload, .routes,
        ])
    func roundTrip(request: ControlRequest) {
        #expect(ControlRequest(method: request.method, target: request.target) == request)
    }

    @Test(
        "refuses what is none",
        arguments: [
            ("GET", "/"), ("GET", "/reload"), ("POST", "/status"), ("GET", "/jobs"), ("GET", "/jobs?state=odd"), ("GET", "/jobs/x"),
            ("POST", "/dead/7"), ("POST", "/dead/7/bury"), ("DELETE", "/dead/7"),
        ])
    func refused(method: String, target: String) {
        #expect(ControlRequest(method: method, target: target) == nil)
    }
}
