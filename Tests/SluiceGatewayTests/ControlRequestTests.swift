import SluiceBase
import SluiceOutbox
import Testing

@testable import SluiceGateway

@Suite("a control request")
struct ControlRequestTests {
    @Test(
        "reads back what it writes",
        arguments: [
            ControlRequest.status, .jobs(.pending, after: 0, limit: 50), .jobs(.delivered, after: 17, limit: 500),
            .job(3),
            .deadLetters(after: 9, limit: 1), .deadLetter(4), .retry(12, acceptsChanges: false),
            .retry(12, acceptsChanges: true),
            .discard(7, forgetsKey: true), .discard(7, forgetsKey: false), .bury(3),
            .forgetDelivery("01ARZ3"), .forgetKey([Fingerprint(high: 1, low: 2)]),
            .forgetKey([Fingerprint(high: .max, low: 0), Fingerprint(high: 0, low: 9)]), .reload, .routes,
            .forgetKey([Fingerprint(high: 1, low: 2)], job: "r:ü a&b=1~2"),
            .exportDeadLetter(3), .importDeadLetter(Array("{}".utf8)),
            .backup(path: "/var/backups/a b?.db", folder: "64513-12"), .verifyQuarantined(3),
            .quarantine(QuarantineRange(route: nil, ids: 1...9), limit: 50),
            .dropQuarantined(QuarantineRange(route: "a b&=ü", ids: 1...9)),
            // An empty name is not every route.
            .quarantine(QuarantineRange(route: "", ids: 1...9), limit: 50),
            .dropQuarantined(QuarantineRange(route: "", ids: 1...9)),
            .replay(ReplayRange(delivered: 1...9, route: "")),
            .replayFigures(ReplayRange(delivered: 1...9, route: nil)),
        ])
    func roundTrip(request: ControlRequest) {
        #expect(ControlRequest(method: request.method, target: request.target, body: request.body) == request)
    }

    @Test(
        "refuses invalid requests",
        arguments: [
            ("GET", "/"), ("GET", "/reload"), ("POST", "/status"), ("GET", "/jobs"), ("GET", "/jobs?state=odd"),
            ("GET", "/jobs/x"),
            ("POST", "/dead/7"), ("POST", "/dead/7/bury"), ("POST", "/keys/00/forget"), ("POST", "/keys//forget"),
            ("POST", "/keys/00000000000000000000000000000001/forget?job=x"),
            ("GET", "/jobs/7/bury"),
            ("DELETE", "/dead/7"), ("POST", "/files/2f61/backup"), ("GET", "/files/2f61/backup?folder=1-2"),
            ("POST", "/quarantine?from=1&through=9&route"), ("POST", "/quarantine?from=1&through=9&route=6&route=61"),
        ])
    func refused(method: String, target: String) {
        #expect(ControlRequest(method: method, target: target) == nil)
    }
}
