import SluiceBase
import Testing

@testable import SluiceOutbox

struct SeenFilterTests {
    @Test("it never denies a key that was added and denies most others") func neverDeniesKey() {
        var filter = SeenFilter()
        for number in 1...200_000 { filter.add(Fingerprint(number: number)) }
        #expect((1...200_000).allSatisfy { filter.mayContain(Fingerprint(number: $0)) })
        let mistaken = (200_001...300_000).count { filter.mayContain(Fingerprint(number: $0)) }
        #expect(mistaken < 100)
    }

    @Test("an empty one denies all") func anEmptyOneDeniesAll() {
        #expect(!SeenFilter().mayContain(Fingerprint(high: 0, low: 0)))
    }

    @Test("without it keys are found all the same") func withoutKeysFound() throws {
        let fixture = Fixture { $0.recentKeys = 10 }
        let store = try fixture.open()
        for number in 1...200 { _ = store.commit([sample(number, at: fixture.time, jobs: 0)]) }
        #expect(try store.number("SELECT count(*) FROM seen") > 100)
        store.filter = nil
        for number in 1...200 {
            let again = store.outcomes([sample(1000 + number, key: number, at: fixture.time)])
            #expect(again == [.duplicate(firstDeliveryID: "delivery-\(number)", changedBody: false)])
        }
    }
}
