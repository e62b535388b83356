import SluiceBase
import Testing

@testable import SluiceOutbox

struct ListingTests {
    let fixture = Fixture()
    var time: ManualTime { fixture.time }

    @Test func pagesFollowOneAnotherByKey() throws {
        let store = try fixture.open()
        _ = store.commit((1...1100).map { sample($0, at: time, jobs: 1, payload: 10) })
        var after: Int64 = 0
        var sizes: [Int] = []
        while let last = try store.jobs(.pending, after: after).last {
            sizes.append(Int(last.id - after))
            after = last.id
        }
        #expect(sizes == [500, 500, 100])
        #expect(try store.jobs(.pending, after: 1090, limit: 5).map(\.id) == [1091, 1092, 1093, 1094, 1095])
        #expect(try store.deliveries(after: 1098).map(\.deliveryID) == ["delivery-1099", "delivery-1100"])
    }

    @Test func aJobIsShownInEveryStateWithItsDelivery() throws {
        let store = try fixture.open()
        _ = store.commit((1...3).map { sample($0, at: time) })
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z1")])
        try store.park([2], detail: "No licence.")
        for (id, state) in [(1, JobState.delivered), (2, .parked), (3, .pending)] {
            let content = try #require(try store.job(Int64(id)))
            #expect(content.listing.state == state)
            #expect(content.listing.deliveryID == "delivery-\(id)")
            #expect(content.listing.route == "github")
            #expect(content.listing.receivedAtMilliseconds == time.wallMilliseconds())
            #expect(content.job == job(id))
            #expect(content.listing.payloadBytes == 102)
            #expect(content.isIntact)
        }
        #expect(try store.job(4) == nil)
        #expect(try store.deadLetter(1) == nil)
    }

    @Test func aDeliveryIsListedWithItsExpiryAndKey() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time, window: .seconds(60)), sample(2, hasKey: false, at: time)])
        let listed = try store.deliveries(after: 0)
        #expect(listed[0].expiresAtMilliseconds == time.wallMilliseconds() + 60_000)
        #expect(listed[0].keyPrefix == Hex.encode(Fingerprint(number: 1).bytes.prefix(8)))
        #expect(listed[1].keyPrefix == nil)
    }

    @Test func deadLettersAreListedOldestFirst() throws {
        let store = try fixture.open()
        let letter = IngestDeadLetter(reason: .noMatchingRule, detail: "No rule matched.", request: nil)
        _ = store.commit((1...3).map { sample($0, at: time, jobs: 0, deadLetters: [letter]) })
        #expect(try store.deadLetters(after: 0, limit: 2).map(\.id) == [1, 2])
        #expect(try store.deadLetters(after: 2).map(\.deliveryID) == ["delivery-3"])
        #expect(try store.deadLetter(2) == DeadLetterContent(letter: try store.deadLetters(after: 1)[0], job: nil, request: nil))
    }
}
