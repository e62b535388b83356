import Testing

@testable import SluiceNet

@Suite("a timer wheel")
struct TimerWheelTests {
    private static let millisecond: Int64 = 1_000_000

    private func entry(_ slot: Int) -> TimerWheel.Entry { TimerWheel.Entry(slot: slot, generation: 1) }

    private func due(_ wheel: inout TimerWheel, at now: Int64) -> [Int] {
        var entries: [TimerWheel.Entry] = []
        wheel.advance(to: now, into: &entries)
        return entries.map(\.slot)
    }

    @Test(
        "hands out an entry within one tick after its deadline, never before",
        arguments: [0, 1, 15, 16, 17, 100, 999, 16_000])
    func firesInTime(milliseconds: Int64) {
        let start = 5 * 1_000_000_007
        var wheel = TimerWheel(now: Int64(start))
        let deadline = Int64(start) + milliseconds * Self.millisecond
        wheel.insert(entry(7), at: deadline)
        #expect(due(&wheel, at: deadline - 1).isEmpty)
        #expect(due(&wheel, at: deadline + TimerWheel.tickNanoseconds) == [7])
        #expect(wheel.nextWake == nil)
    }

    @Test("hands out an entry beyond its reach early, for the owner to lay further on")
    func farDeadline() throws {
        var wheel = TimerWheel(now: 0)
        wheel.insert(entry(1), at: 3_600_000 * Self.millisecond)
        let wake = try #require(wheel.nextWake)
        #expect(wake < 3_600_000 * Self.millisecond)
        #expect(due(&wheel, at: wake) == [1])
    }

    @Test("returns everything once after a pause longer than its reach")
    func longSleep() {
        var wheel = TimerWheel(now: 0)
        for slot in 0..<100 { wheel.insert(entry(slot), at: Int64(slot) * 100 * Self.millisecond) }
        #expect(due(&wheel, at: 3_600_000 * Self.millisecond).sorted() == Array(0..<100))
        #expect(due(&wheel, at: 7_200_000 * Self.millisecond).isEmpty)
    }

    @Test("a deadline in the past is due immediately")
    func pastDeadline() {
        var wheel = TimerWheel(now: 10_000 * Self.millisecond)
        wheel.insert(entry(3), at: 0)
        #expect(due(&wheel, at: 10_000 * Self.millisecond + TimerWheel.tickNanoseconds) == [3])
    }
}
