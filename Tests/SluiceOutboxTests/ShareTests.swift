import SluiceBase
import Testing

@testable import SluiceOutbox

/// `outbox_share`: what one route may use of the outbox.
@Suite struct ShareTests {
    @Test("a route that has used up its share is refused and others are not, until its jobs are delivered")
    func bytes() throws {
        let fixture = Fixture { $0.maximumBytes = ByteCount(bytes: 4_000_000) }
        let (time, store) = (fixture.time, try fixture.open())
        let cost = job(1, payload: 1000).byteCost
        let send = { (number: Int, route: String, share: Int?) in
            time.advance(by: .milliseconds(20))
            return store.outcomes([sample(number, at: time, payload: 1000, route: route, share: share)])[0]
        }
        // Below the share nothing is sampled.
        for number in 1...400 { #expect(send(number, "other", nil) == stored) }
        var accepted = 0
        while send(1000 + accepted, "busy", 25) == stored, accepted < 4000 { accepted += 1 }
        let expected = 1_000_000 / cost
        #expect((expected * 9 / 10...expected * 11 / 10).contains(accepted))
        #expect(send(9000, "busy", 25) == .refused(.outboxShareFull))
        #expect(send(9001, "other", nil) == stored)
        #expect(send(9002, "third", 25) == stored)
        #expect(store.status.condition == .storing)

        try store.acknowledge((401...400 + accepted).map { Acknowledgement(job: Int64($0), zizqID: "z\($0)") })
        time.advance(by: .seconds(1))
        #expect(send(9003, "busy", 25) == stored)
        #expect(send(9004, "busy", 100) == stored)
    }

    @Test("parked jobs count: a queue that is refused does not fill the outbox with the jobs of one route")
    func parked() throws {
        let fixture = Fixture { $0.maximumBytes = ByteCount(bytes: 4_000_000) }
        let (time, store) = (fixture.time, try fixture.open())
        let busy = (1...900).map { sample($0, at: time, payload: 1000, route: "busy", share: 25) }
        #expect(store.outcomes(Array(busy[..<400])) == Array(repeating: stored, count: 400))
        try store.park((1...400).map { Int64($0) }, because: .refused("403"))
        #expect(store.outcomes(Array(busy[400..<600])) == Array(repeating: stored, count: 200))
        try store.park((401...600).map { Int64($0) }, because: .refused("403"))
        time.advance(by: .seconds(2))
        var accepted = 600
        while accepted < 900, store.outcomes([busy[accepted]]) == [stored] { accepted += 1 }
        let expected = 1_000_000 / job(1, payload: 1000).byteCost
        #expect((expected * 9 / 10...expected * 11 / 10).contains(accepted))
        #expect(store.outcomes([sample(1000, at: time, payload: 1000, route: "other", share: 25)]) == [stored])
    }

    @Test("one large job counts by its bytes among many small ones")
    func largeJobs() throws {
        let fixture = Fixture { $0.maximumBytes = .mebibytes(40) }
        let store = try fixture.open()
        for start in stride(from: 1, through: 3901, by: 100) {
            _ = store.commit((start..<start + 100).map { sample($0, at: fixture.time, payload: 100) })
        }
        let large = { (number: Int) in
            sample(number, at: fixture.time, payload: 4_000_000, route: "large", share: 40)
        }
        #expect(store.outcomes((5001...5003).map(large)) == [stored, stored, stored])
        fixture.time.advance(by: .seconds(1))
        #expect(store.outcomes([5004, 5005].map(large)).last == .refused(.outboxShareFull))
    }

    @Test("at the limit of keys a route with more than its share loses its own keys, and others keep theirs")
    func keys() throws {
        let fixture = Fixture {
            $0.maximumKeys = 1000
            $0.keepDelivered = .zero
        }
        let store = try fixture.open()
        let send = { (numbers: Range<Int>, route: String, share: Int?) in
            store.outcomes(numbers.map { sample($0, at: fixture.time, jobs: 0, route: route, share: share) })
        }
        _ = send(0..<300, "quiet", nil)
        for start in stride(from: 1000, to: 6000, by: 20) { _ = send(start..<start + 20, "busy", 50) }
        #expect(store.status.rememberedKeys <= 1020)
        #expect(send(0..<300, "quiet", nil).allSatisfy { if case .duplicate = $0 { true } else { false } })
        #expect(send(5900..<6000, "busy", 50).allSatisfy { if case .duplicate = $0 { true } else { false } })
    }
}
