import SluiceBase
import Testing

@testable import SluiceOutbox

struct ForgettingTests {
    private let fixture = Fixture { $0.keepDelivered = .zero }

    private func quiet(_ store: OutboxStore) {
        for _ in 0..<10_000 where !store.maintainIdle() { return }
        Issue.record("maintenance does not come to an end")
    }

    private func fill(_ store: OutboxStore, _ numbers: ClosedRange<Int>, window: Duration = .seconds(60)) {
        _ = store.commit(numbers.map { sample($0, at: fixture.time, window: window, jobs: 0) })
    }

    @Test("rows are deleted with the deliveries that come, so that no more are here than a window brings")
    func keepsUp() throws {
        let store = try fixture.open()
        for round in 0..<100 {
            fill(store, (round * 1000 + 1)...(round * 1000 + 1000))
            fixture.time.advance(by: .seconds(10))
        }
        // Maintenance in quiet moments is never asked for here.
        #expect(store.status.rememberedKeys <= 9000)
        #expect(try store.number("SELECT count(*) FROM deliveries") == store.status.rememberedKeys)
    }

    @Test("so it is with many windows side by side") func keepsUpWithWindows() throws {
        let store = try fixture.open()
        for round in 0..<100 {
            let batch = (round * 1000 + 1)...(round * 1000 + 1000)
            _ = store.commit(
                batch.map { sample($0, at: fixture.time, window: .seconds(60 + $0 % 8), jobs: 0) })
            fixture.time.advance(by: .seconds(10))
        }
        #expect(store.status.rememberedKeys <= 10_000)
    }

    @Test("each window is forgotten in its own time") func windows() throws {
        let store = try fixture.open()
        for round in 0..<20 {
            fill(store, (round * 300 + 1)...(round * 300 + 100), window: .seconds(30))
            fill(store, (round * 300 + 101)...(round * 300 + 200), window: .seconds(10))
            fill(store, (round * 300 + 201)...(round * 300 + 300), window: .seconds(600))
            fixture.time.advance(by: .seconds(10))
        }
        quiet(store)
        #expect(store.status.rememberedKeys == 100 * (2 + 0 + 20))
        #expect(try fixture.afterCrash().store.status.rememberedKeys == 2200)
    }

    @Test("a window that no delivery has any more costs nothing, and is walked again when one comes")
    func dropsWindows() throws {
        let store = try fixture.open()
        for window in 1...50 { fill(store, (window * 10)...(window * 10 + 9), window: .seconds(window)) }
        #expect(try store.number("SELECT count(*) FROM forgetting") == 50)
        fixture.time.advance(by: .seconds(60))
        quiet(store)
        #expect(store.status.rememberedKeys == 0)
        #expect(try store.number("SELECT count(*) FROM forgetting") == 0)
        #expect(try fixture.afterCrash().store.number("SELECT count(*) FROM forgetting") == 0)
        fill(store, 1000...1009, window: .seconds(7))
        fixture.time.advance(by: .seconds(60))
        quiet(store)
        #expect(store.status.rememberedKeys == 0)
    }

    @Test("a row that a walk has passed goes with its dead letter, in a slow walk over all rows") func sweep() throws {
        let store = try fixture.open()
        let letter = DeadLetter(reason: .noMatchingRule, detail: "None.")
        _ = store.commit([
            sample(1, at: fixture.time, window: .seconds(60), jobs: 0, deadLetters: [letter], request: [1])
        ])
        fill(store, 2...100)
        fixture.time.advance(by: .seconds(61))
        quiet(store)
        #expect(try store.number("SELECT count(*) FROM deliveries") == 1)
        #expect(store.outcomes([sample(200, key: 1, at: fixture.time)]).first != stored)
        _ = try store.replaceDeadLetter(1, with: [])
        fixture.time.advance(by: .seconds(1))
        quiet(store)
        #expect(try store.number("SELECT count(*) FROM deliveries") == 0)
    }

    @Test("a row whose key a person had forgotten goes after another window") func forgottenKey() throws {
        let store = try fixture.open()
        fill(store, 1...2)
        fixture.time.advance(by: .seconds(30))
        _ = try store.forgetKeys(ofDelivery: "delivery-1")
        fixture.time.advance(by: .seconds(31))
        quiet(store)
        #expect(try store.number("SELECT count(*) FROM deliveries") == 1)
        fixture.time.advance(by: .seconds(30))
        quiet(store)
        #expect(try store.number("SELECT count(*) FROM deliveries") == 0)
    }

    // MARK: Clocks

    @Test("nothing is forgotten while the clock is days away, and the same keys hold", arguments: [8, -8])
    func clockJump(days: Int64) throws {
        let store = try fixture.open()
        fill(store, 1...10, window: .seconds(86400))
        let real = fixture.time.wallMilliseconds()
        fixture.time.setWall(milliseconds: real + days * 86_400_000)
        quiet(store)
        #expect(store.status.clockDriftMilliseconds == days * 86_400_000)
        fill(store, 11...12, window: .seconds(86400))
        #expect(try duplicates(store, 1...12) == 12)
        fixture.time.setWall(milliseconds: real + 4000)
        quiet(store)
        #expect(store.status.clockDriftMilliseconds == 0)
        // What was stored meanwhile holds for its window as well.
        #expect(try duplicates(store, 1...12) == 12)
        fixture.time.advance(by: .seconds(86390))
        #expect(try duplicates(store, 11...12) == 2)
        fill(store, 13...13, window: .seconds(86400))
        // The clock is four seconds ahead now, by which keys hold longer.
        fixture.time.advance(by: .seconds(86405))
        quiet(store)
        #expect(store.status.rememberedKeys == 0)
    }

    /// How many of these keys are known.
    private func duplicates(_ store: OutboxStore, _ numbers: ClosedRange<Int>) throws -> Int {
        numbers.count { number in
            let outcome = store.outcomes([sample(90_000, key: number, at: fixture.time)])[0]
            return outcome == .duplicate(firstDeliveryID: "delivery-\(number)", changedBody: false)
        }
    }

    @Test("a start with a clock days ahead forgets nothing before the clock is corrected")
    func startAhead() throws {
        do {
            let store = try fixture.open()
            fill(store, 1...10, window: .seconds(86400))
            store.close()
        }
        let real = fixture.time.wallMilliseconds()
        fixture.time.setWall(milliseconds: real + 8 * 86_400_000)
        do {
            let store = try fixture.open()
            quiet(store)
            #expect(try duplicates(store, 1...10) == 10)
            fixture.time.advance(by: .seconds(840))
            fill(store, 11...12, window: .seconds(86400))
            quiet(store)
            #expect(try duplicates(store, 1...12) == 12)
            fixture.time.setWall(milliseconds: real + 840_000)
            fixture.time.advance(by: .seconds(120))
            quiet(store)
            #expect(try duplicates(store, 1...12) == 12)
            store.close()
        }
        let store = try fixture.open()
        quiet(store)
        #expect(try duplicates(store, 1...12) == 12)
    }

    @Test("after days without a delivery, keys are forgotten a quarter of an hour after the start")
    func startAfterDays() throws {
        do {
            let store = try fixture.open()
            fill(store, 1...10, window: .seconds(86400))
            store.close()
        }
        fixture.time.advance(by: .seconds(8 * 86400))
        let store = try fixture.open()
        fill(store, 11...12, window: .seconds(60))
        fixture.time.advance(by: .seconds(890))
        quiet(store)
        #expect(store.status.rememberedKeys == 12)
        fixture.time.advance(by: .seconds(10))
        quiet(store)
        #expect(store.status.rememberedKeys == 0)
    }

    @Test("keys that are stored after a clock was corrected hold after a restart", arguments: [8 * 86400, 7200, 240])
    func correctedClock(seconds: Int64) throws {
        let real = fixture.time.wallMilliseconds()
        fixture.time.setWall(milliseconds: real - 1000 * seconds)
        let store = try fixture.open()
        fixture.time.setWall(milliseconds: real)
        fill(store, 1...10)
        fixture.time.advance(by: .seconds(30))
        quiet(store)
        #expect(try duplicates(store, 1...10) == 10)
        let crashed = try fixture.afterCrash()
        quiet(crashed.store)
        #expect(try duplicates(crashed.store, 1...10) == 10)
    }

    @Test("a step of the clock, however small, does not end a short window", arguments: [240, -240])
    func clockStep(seconds: Int64) throws {
        let store = try fixture.open()
        fill(store, 1...10)
        fixture.time.setWall(milliseconds: fixture.time.wallMilliseconds() + 1000 * seconds)
        fill(store, 11...20)
        quiet(store)
        #expect(try duplicates(store, 1...20) == 20)
        fixture.time.setWall(milliseconds: fixture.time.wallMilliseconds() - 1000 * seconds)
        fixture.time.advance(by: .seconds(59))
        quiet(store)
        #expect(try duplicates(store, 1...20) == 20)
        fixture.time.advance(by: .seconds(361))
        fill(store, 21...21)
        fixture.time.advance(by: .seconds(61))
        quiet(store)
        #expect(store.status.rememberedKeys == 0)
    }

    @Test("rows that a clock a year ahead has stored do not keep others", arguments: [5, 3000])
    func future(count: Int) throws {
        do {
            let store = try fixture.open()
            fill(store, 1...10)
            store.close()
        }
        let real = fixture.time.wallMilliseconds()
        fixture.time.setWall(milliseconds: real + 365 * 86_400_000)
        do {
            let store = try fixture.open()
            fill(store, 11...(10 + count))
            store.close()
        }
        fixture.time.setWall(milliseconds: real + 1000)
        let store = try fixture.open()
        fill(store, 5001...5010)
        fixture.time.advance(by: .seconds(59))
        quiet(store)
        // The first ten have expired; of the next it is not known until one behind them has.
        #expect(store.status.rememberedKeys == count + 10)
        fixture.time.advance(by: .seconds(61))
        quiet(store)
        #expect(store.status.rememberedKeys == 0)
    }
}
