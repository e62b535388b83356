import Testing

@testable import SluiceGateway

@Suite struct TrimScheduleTests {
    /// Which of the looks, each ten seconds after the last one, say that it is time.
    private static func trims(_ loads: [TrimSchedule.Load]) -> [Bool] {
        var schedule = TrimSchedule()
        return loads.map { load in (0..<10).map { _ in schedule.looked(at: load) }.contains(true) }
    }

    @Test("memory goes back once half of a great load has gone, and not again until there was another")
    func connections() {
        let loads = [10, 10_000, 6000, 5000, 4000, 2500, 100, 0, 400, 0, 600, 0]
        let trims = Self.trims(loads.map { TrimSchedule.Load(connections: $0, memory: 0) })
        #expect(trims == [false, false, false, true, false, true, true, false, false, false, false, true])
    }

    @Test("the memory of bodies counts in the same way")
    func bodies() {
        let trims = Self.trims(
            [0, 200, 150, 90, 1, 0, 10, 0].map { TrimSchedule.Load(connections: 0, memory: $0 << 20) })
        #expect(trims == [false, false, false, true, true, false, false, false])
    }

    @Test("a load that comes and goes each second does not bring a trim each time")
    func oscillation() {
        var schedule = TrimSchedule()
        let trims = (0..<100).filter { look in
            schedule.looked(at: TrimSchedule.Load(connections: look % 2 == 0 ? 10_000 : 0, memory: 0))
        }
        #expect(trims.count <= 10)
    }
}
