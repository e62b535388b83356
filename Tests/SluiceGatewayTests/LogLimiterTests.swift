import Testing

@testable import SluiceGateway

@Suite struct LogLimiterTests {
    /// The limiter as a reference, because an expectation cannot change a value.
    private final class Limiter {
        private var limiter: LogLimiter

        init(recordsPerSecond: Int) { limiter = LogLimiter(recordsPerSecond: recordsPerSecond) }

        func recordArrived(_ kind: LogLimiter.Kind, atNanoseconds nanoseconds: Int64) -> Bool {
            limiter.recordArrived(kind, atNanoseconds: nanoseconds)
        }

        func timePassed(nowNanoseconds: Int64) -> [LogLimiter.Summary] {
            limiter.timePassed(nowNanoseconds: nowNanoseconds)
        }
    }

    private let second: Int64 = 1_000_000_000
    private let refusal = LogLimiter.Kind(message: "refused a request", route: "github", code: "signature_invalid")
    private let other = LogLimiter.Kind(message: "refused a request", route: "stripe", code: "signature_invalid")

    @Test("the limit of a second applies to one kind of records and not to others")
    func limits() {
        let limiter = Limiter(recordsPerSecond: 2)
        #expect(limiter.recordArrived(refusal, atNanoseconds: 0))
        #expect(limiter.recordArrived(refusal, atNanoseconds: 1))
        #expect(!limiter.recordArrived(refusal, atNanoseconds: 2))
        #expect(limiter.recordArrived(other, atNanoseconds: 3))
    }

    @Test("omitted records are reported once, after their second")
    func summary() {
        let limiter = Limiter(recordsPerSecond: 1)
        for tick in 0..<5 { _ = limiter.recordArrived(refusal, atNanoseconds: Int64(tick)) }
        #expect(limiter.timePassed(nowNanoseconds: second - 1).isEmpty)
        #expect(limiter.timePassed(nowNanoseconds: second) == [LogLimiter.Summary(kind: refusal, suppressed: 4)])
        #expect(limiter.timePassed(nowNanoseconds: second).isEmpty)
        #expect(limiter.recordArrived(refusal, atNanoseconds: second))
    }

    @Test("a second in which nothing was left out has no summary")
    func noSummary() {
        let limiter = Limiter(recordsPerSecond: 2)
        _ = limiter.recordArrived(refusal, atNanoseconds: 0)
        #expect(limiter.timePassed(nowNanoseconds: 2 * second).isEmpty)
    }

    @Test("summaries of several kinds come sorted, each when its own second is over")
    func severalKinds() {
        let limiter = Limiter(recordsPerSecond: 1)
        for _ in 0..<2 { _ = limiter.recordArrived(other, atNanoseconds: 0) }
        for _ in 0..<3 { _ = limiter.recordArrived(refusal, atNanoseconds: 0) }
        let late = LogLimiter.Kind(message: "z", route: "", code: "")
        for _ in 0..<2 { _ = limiter.recordArrived(late, atNanoseconds: second / 2) }
        #expect(
            limiter.timePassed(nowNanoseconds: second) == [
                LogLimiter.Summary(kind: refusal, suppressed: 2), LogLimiter.Summary(kind: other, suppressed: 1),
            ])
        #expect(
            limiter.timePassed(nowNanoseconds: second + second / 2) == [LogLimiter.Summary(kind: late, suppressed: 1)])
    }

    @Test("kinds without end share one limit and do not take memory without end")
    func overflow() {
        let limiter = Limiter(recordsPerSecond: 1)
        var passed = 0
        for number in 0..<(2 * LogLimiter.maximumKinds) {
            let kind = LogLimiter.Kind(message: "\(number)", route: "", code: "")
            if limiter.recordArrived(kind, atNanoseconds: 0) { passed += 1 }
        }
        #expect(passed == LogLimiter.maximumKinds + 1)
        let summaries = limiter.timePassed(nowNanoseconds: second)
        #expect(summaries.map(\.suppressed) == [LogLimiter.maximumKinds - 1])
        #expect(summaries.first?.kind.message == "further messages")
    }
}
