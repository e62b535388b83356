import SluiceBase
import SluiceRoutes
import Testing

@testable import SluiceGateway

/// The bucket of `rate`.
struct RateLimiterTests {
    private static let second: Int64 = 1_000_000_000

    @Test("a burst is accepted immediately, then one request for each refilled token")
    func burst() {
        let limiter = RateLimiter(RateLimit(limit: 10, per: .seconds(1), burst: 3))
        for _ in 0..<3 { #expect(limiter.take(at: 0) == nil) }
        #expect(limiter.take(at: 0) == .milliseconds(100))
        #expect(limiter.take(at: Self.second / 20) == .milliseconds(50))
        #expect(limiter.take(at: Self.second / 10) == nil)
        #expect(limiter.take(at: Self.second / 10) == .milliseconds(100))
    }

    @Test("however long nothing comes, the bucket holds no more than the burst")
    func full() {
        let limiter = RateLimiter(RateLimit(limit: 10, per: .seconds(1), burst: 3))
        let later = 3600 * Self.second
        #expect(
            (0..<10).map { _ in limiter.take(at: later) == nil } == [true, true, true]
                + Array(repeating: false, count: 7))
    }

    @Test("a burst of one lets one pass in each interval")
    func single() {
        let limiter = RateLimiter(RateLimit(limit: 1, per: .seconds(60), burst: 1))
        #expect(limiter.take(at: 5) == nil)
        #expect(limiter.take(at: 5) == .seconds(60))
        #expect(limiter.take(at: 5 + 60 * Self.second) == nil)
    }

    @Test("what is refused costs nothing: in the long run the limit goes through", arguments: [1, 7, 100])
    func longRun(burst: Int) {
        let limiter = RateLimiter(RateLimit(limit: 50, per: .seconds(1), burst: burst))
        let taken = (0..<10_000).count { limiter.take(at: Int64($0) * Self.second / 1000) == nil }
        #expect((500...(500 + burst)).contains(taken))
    }

    @Test("several threads share one bucket")
    func threads() async {
        let limiter = RateLimiter(RateLimit(limit: 1, per: .seconds(86_400), burst: 1000))
        let taken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 { group.addTask { (0..<1000).count { _ in limiter.take(at: 7) == nil } } }
            return await group.reduce(0, +)
        }
        #expect(taken == 1000)
    }

    @Test("bytes and elements have separate buckets: one request may overdraw them, and the next one waits")
    func bytesAndElements() {
        let limit = RateLimit(
            limit: 1000, per: .seconds(1), burst: 1000, bytes: ByteCount(bytes: 1000), elements: 10)
        let limiter = RateLimiter(limit)
        #expect(limiter.take(at: 0, bytes: 2500) == nil)
        limiter.charge(elements: 1, at: 0)
        // 999 tokens may be missing from a bucket of 1000 that is not empty.
        #expect(limiter.take(at: 0, bytes: 1) == .milliseconds(1501))
        #expect(limiter.take(at: 1_501 * Self.second / 1000, bytes: 1) == nil)
        limiter.charge(elements: 30, at: 1_501 * Self.second / 1000)
        #expect(limiter.take(at: 1_502 * Self.second / 1000, bytes: 0) == .milliseconds(2099))
        #expect(limiter.take(at: 3_700 * Self.second / 1000, bytes: 0) == nil)
        #expect(limiter.take(at: 0, bytes: 1 << 40, isVerified: false) == nil)
    }

    @Test("a rate of many bytes neither rounds to nothing nor overflows")
    func largeNumbers() {
        let fast = RateLimit(limit: 1, per: .milliseconds(1), burst: 1, bytes: .gibibytes(1024))
        #expect(RateLimiter(fast).take(at: 0, bytes: 1) == nil)
        let slow = RateLimiter(RateLimit(limit: 1000, per: .seconds(86_400), burst: 9, bytes: .kibibytes(1)))
        #expect(slow.take(at: 0, bytes: 100 << 20) == nil)
        #expect(slow.take(at: 0, bytes: 1) ?? .zero > .seconds(86_400 * 1000))
        let charged = RateLimiter(RateLimit(limit: 1, per: .seconds(86_400), burst: 1, elements: 1))
        for _ in 0..<9 { charged.charge(elements: 1_000_000, at: 0) }
        #expect(charged.take(at: 0, bytes: 0) ?? .zero > .seconds(86_400 * 1000))
        let deep = RateLimiter(RateLimit(limit: 1, per: .seconds(86_400), burst: 1_000_000))
        #expect(deep.take(at: .max / 2) == nil)
    }
}
