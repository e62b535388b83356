import SluiceBase
import Testing

@testable import SluiceGateway

@Suite("a stop")
struct StopperTests {
    private func limits(drain: Duration, shutdown: Duration) -> Settings.Limits {
        var limits = Settings.Limits()
        limits.drain = drain
        limits.shutdown = shutdown
        return limits
    }

    @Test("is begun by the first request, and its drain ended by the second")
    func twoRequests() async {
        let stopper = Stopper(settings: limits(drain: .seconds(3600), shutdown: .seconds(7200)), time: ManualTime())
        #expect(stopper.request())
        async let drained: Void = stopper.drain()
        #expect(!stopper.request())
        await drained
    }

    @Test("has what is left of its time, and never less than nothing")
    func timeLeft() {
        let time = ManualTime()
        let stopper = Stopper(settings: limits(drain: .zero, shutdown: .seconds(25)), time: time)
        #expect(stopper.timeLeft == .seconds(25))
        _ = stopper.request()
        time.advance(by: .seconds(10))
        #expect(stopper.timeLeft == .seconds(15))
        time.advance(by: .seconds(60))
        #expect(stopper.timeLeft == .zero)
    }

    @Test("does not wait without a drain")
    func noDrain() async {
        await Stopper(settings: limits(drain: .zero, shutdown: .seconds(25)), time: ManualTime()).drain()
    }
}
