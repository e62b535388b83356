import SluiceHTTP
import Testing

@Suite struct ConnectionDeadlinesTests {
    static let waits: [(ConnectionDeadlines.Wait, Int64)] = [
        (.handshake, 10), (.request, 75), (.head, 10), (.body, 5), (.write, 10), (.linger, 2),
    ]

    @Test("each wait is over at its own time, to the nanosecond, and says what was waited for", arguments: waits)
    func expiry(_ wait: ConnectionDeadlines.Wait, _ seconds: Int64) {
        var deadlines = ConnectionDeadlines(limits: HTTPLimits())
        deadlines.began(wait, at: 5)
        let end = 5 + seconds * 1_000_000_000
        #expect(deadlines.deadline == end)
        #expect(deadlines.expired(at: end - 1) == nil)
        #expect(deadlines.expired(at: end) == wait)
    }

    @Test("progress within a wait does not extend it; another wait starts again")
    func progress() {
        var deadlines = ConnectionDeadlines(limits: HTTPLimits())
        deadlines.began(.head, at: 0)
        deadlines.began(.head, at: 9_000_000_000)
        #expect(deadlines.deadline == 10_000_000_000)
        deadlines.began(.body, at: 9_000_000_000)
        #expect(deadlines.deadline == 14_000_000_000)
        deadlines.ended()
        #expect(deadlines.deadline == nil)
        #expect(deadlines.expired(at: .max) == nil)
    }

    @Test(
        "a body is checked every five seconds until its time is over; lingering lasts while bytes come, as long as a body may",
        arguments: [
            ConnectionDeadlines.Wait.body, .linger,
        ])
    func extended(_ wait: ConnectionDeadlines.Wait) {
        var deadlines = ConnectionDeadlines(limits: HTTPLimits())
        deadlines.began(wait, at: 0)
        for second in stride(from: Int64(1), through: 29, by: 1) {
            deadlines.extend(at: second * 1_000_000_000)
            #expect(deadlines.deadline == min(30, second + (wait == .body ? 5 : 2)) * 1_000_000_000)
        }
        #expect(deadlines.isCheck(at: 29_999_999_999) == (wait == .body))
        #expect(!deadlines.isCheck(at: 30_000_000_000))
    }

    @Test("the times are those of the limits")
    func limits() {
        var limits = HTTPLimits()
        limits.headTime = .milliseconds(100)
        var deadlines = ConnectionDeadlines(limits: limits)
        deadlines.began(.handshake, at: 0)
        #expect(deadlines.deadline == 100_000_000)
    }
}
