import SluiceBase
import Testing

@testable import SluiceOutbox

struct RecentKeysTests {
    @Test("a key is found with the delivery that holds it") func keyFoundDelivery() {
        var keys = RecentKeys(bits: 4)
        #expect(keys.delivery(of: Fingerprint(number: 1)) == nil)
        #expect(keys.set(Fingerprint(number: 1), to: 7) == nil)
        #expect(keys.delivery(of: Fingerprint(number: 1)) == 7)
        #expect(keys.set(Fingerprint(number: 1), to: 9) == 7)
        #expect(keys.delivery(of: Fingerprint(number: 1)) == 9)
        keys.remove(Fingerprint(number: 1))
        #expect(keys.delivery(of: Fingerprint(number: 1)) == nil)
        #expect(keys.set(Fingerprint(number: 1), to: 11) == nil)
        #expect(keys.delivery(of: Fingerprint(number: 1)) == 11)
    }

    @Test("ten thousand keys are all found after the table has grown") func tenThousandKeys() {
        var keys = RecentKeys(bits: 2)
        for number in 1...10_000 { keys.set(Fingerprint(number: number), to: Int64(number)) }
        #expect(keys.count == 10_000)
        #expect((1...10_000).allSatisfy { keys.delivery(of: Fingerprint(number: $0)) == Int64($0) })
        #expect(keys.delivery(of: Fingerprint(number: 10_001)) == nil)
    }

    @Test("keys that differ only in their last bytes are kept apart") func keysDifferOnly() {
        var keys = RecentKeys(bits: 4)
        for low in 0..<300 { keys.set(Fingerprint(high: .max, low: UInt64(low)), to: Int64(low) + 1) }
        #expect((0..<300).allSatisfy { keys.delivery(of: Fingerprint(high: .max, low: UInt64($0))) == Int64($0) + 1 })
        #expect(keys.delivery(of: Fingerprint(high: .max, low: 300)) == nil)
    }

    @Test("a round of the hand passes each key that was there when it began") func roundHandPasses() {
        var keys = RecentKeys(bits: 6)
        for number in 1...500 { keys.set(Fingerprint(number: number), to: Int64(number)) }
        var passed: Set<Int64> = []
        var number = 500
        var ended = false
        while !ended {
            let slice = keys.nextSlice(20)
            passed.formUnion(slice.entries.map(\.delivery))
            keys.passed(slice)
            ended = slice.endsRound
            for _ in 0..<10 {
                number += 1
                keys.set(Fingerprint(number: number), to: Int64(number))
            }
        }
        #expect(passed.isSuperset(of: Set(1...500)))
        #expect(
            (1...Int64(number)).allSatisfy {
                passed.contains($0) || keys.delivery(of: Fingerprint(number: Int($0))) == $0
            })
    }

    @Test("every key behind the hand has been passed or came after the round began") func everyKeyBehind() {
        var keys = RecentKeys(bits: 8)
        for number in 1...2000 { keys.set(Fingerprint(number: number), to: Int64(number)) }
        var passed: Set<Int64> = []
        for step in 0..<60 {
            let slice = keys.nextSlice(25)
            passed.formUnion(slice.entries.map(\.delivery))
            keys.passed(slice)
            for number in 0..<30 {
                keys.set(Fingerprint(number: 10_000 + step * 30 + number), to: Int64(10_000 + step * 30 + number))
            }
            let behind = (1...2000).filter { Fingerprint(number: $0).high < keys.handPrefix }
            #expect(behind.allSatisfy { passed.contains(Int64($0)) }, "after step \(step)")
            if slice.endsRound { return }
        }
    }

    @Test("removed keys are not carried over") func removedKeysNot() {
        var keys = RecentKeys(bits: 4)
        for number in 1...5 { keys.set(Fingerprint(number: number), to: Int64(number)) }
        keys.remove(Fingerprint(number: 3))
        let slice = keys.nextSlice(100)
        #expect(Set(slice.entries.map(\.delivery)) == [1, 2, 4, 5])
        #expect(slice.endsRound)
        keys.passed(slice)
        #expect(keys.count == 0)
    }

    @Test("a slice comes nearly in the order of the keys") func sliceComesNearly() {
        var keys = RecentKeys(bits: 12)
        for number in 1...1500 { keys.set(Fingerprint(number: number), to: Int64(number)) }
        let prefixes = keys.nextSlice(1500).entries.map { $0.key.high >> 56 }
        #expect(zip(prefixes, prefixes.dropFirst()).allSatisfy { $0 <= $1 + 1 })
        #expect(prefixes.first == 0 && prefixes.last == 255)
    }

    @Test("the hand is put back where it was") func handPutBack() {
        var keys = RecentKeys(bits: 8)
        for number in 1...100 { keys.set(Fingerprint(number: number), to: Int64(number)) }
        keys.passed(keys.nextSlice(40))
        var again = RecentKeys(bits: 8)
        for number in 1...100 where keys.delivery(of: Fingerprint(number: number)) != nil {
            again.set(Fingerprint(number: number), to: Int64(number))
        }
        again.moveHand(toPrefix: keys.handPrefix)
        #expect(again.handPrefix == keys.handPrefix)
        #expect(again.nextSlice(10).entries == keys.nextSlice(10).entries)
    }
}
