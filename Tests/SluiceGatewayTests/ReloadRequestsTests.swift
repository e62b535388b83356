import Synchronization
import Testing

@testable import SluiceGateway

@Suite("Reloads that are asked for")
struct ReloadRequestsTests {
    @Test("run one after another, and whoever asks while one runs is answered by the next")
    func joins() {
        var requests = ReloadRequests()
        let answered = Mutex<[String]>([])
        let answer = { (name: String) -> ReloadRequests.Answer in
            { report in answered.withLock { $0.append("\(name) \(report.version)") } }
        }
        let run = { (requests: inout ReloadRequests, version: Int) in
            for answer in requests.next() ?? [] {
                answer(.init(version: version, routes: 1, problems: [], warnings: []))
            }
        }
        let startsFirst = requests.asked(answer("a"))
        #expect(startsFirst)
        let first = requests.next() ?? []
        #expect(first.count == 1)
        let startsAgain = [requests.asked(answer("b")), requests.asked(nil), requests.asked(answer("c"))]
        #expect(startsAgain == [false, false, false])
        for answer in first { answer(.init(version: 2, routes: 1, problems: [], warnings: [])) }
        run(&requests, 3)
        #expect(answered.withLock { $0 } == ["a 2", "b 3", "c 3"])
        let end = requests.next()
        #expect(end?.count == nil)
        let startsAnew = requests.asked(nil)
        #expect(startsAnew)
    }

    @Test("nobody has to wait for the answer, and a storm of them is one more reload")
    func storm() {
        var requests = ReloadRequests()
        let starts = requests.asked(nil)
        let first = requests.next()
        let further = (0..<1000).map { _ in requests.asked(nil) }
        let (second, third) = (requests.next(), requests.next())
        #expect(starts)
        #expect(first?.count == 0 && second?.count == 0 && third?.count == nil)
        #expect(!further.contains(true))
    }
}
