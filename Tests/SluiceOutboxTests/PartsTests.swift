import SluiceBase
import Testing

@testable import SluiceOutbox

/// Deliveries that carry several elements, each with a unique key of its own.
struct PartsTests {
    let fixture = Fixture()
    var time: ManualTime { fixture.time }

    /// A delivery with one job for each key.
    private func batch(
        _ number: Int, _ keys: [Int?], bodies: [Int]? = nil, rule: ChangedBodyPolicy = .duplicate,
        window: Duration = .seconds(7 * 86400), payload: Int = 100, namesElements: Bool = false
    ) -> Submission {
        let parts = keys.enumerated().map { index, key in
            var part = part(key, body: bodies?[index], jobs: [job(number, index, payload: payload)])
            if namesElements { part.element = index }
            return part
        }
        return Submission(
            Delivery(
                id: "delivery-\(number)", route: "adyen", receivedAtMilliseconds: time.wallMilliseconds(),
                dedupeWindow: window, onChangedBody: rule, parts: parts), origin: 0, ticket: UInt64(number),
            enqueuedAtNanoseconds: time.monotonicNanoseconds())
    }

    private func allStored(_ jobs: Int, duplicates: Int = 0) -> IngestOutcome {
        .stored(jobs: jobs, deadLetters: [], duplicates: duplicates, changedBody: false)
    }

    // MARK: Duplicates

    @Test("of a delivery that is new in part the new parts are stored") func deliveryNewPart() throws {
        let store = try fixture.open()
        #expect(store.outcomes([batch(1, [1, 2, 3])]) == [allStored(3)])
        #expect(store.outcomes([batch(2, [2, 9, 3, 10])]) == [allStored(2, duplicates: 2)])
        #expect(try store.pending().map(\.job.type) == ["push-1-0", "push-1-1", "push-1-2", "push-2-1", "push-2-3"])
        #expect(
            store.outcomes([sample(3, key: 9, at: time)]) == [
                .duplicate(firstDeliveryID: "delivery-2", changedBody: false)
            ])
        #expect(store.status.rememberedKeys == 5)
    }

    @Test("a delivery is a duplicate when all its parts are") func deliveryDuplicateWhen() throws {
        let store = try fixture.open()
        _ = store.commit([batch(1, [1, 2]), batch(2, [3])])
        #expect(store.outcomes([batch(3, [3, 1])]) == [.duplicate(firstDeliveryID: "delivery-2", changedBody: false)])
        #expect(
            store.outcomes([batch(4, [2, 3, 1])]) == [.duplicate(firstDeliveryID: "delivery-1", changedBody: false)])
        #expect(store.status.pendingJobs == 3)
        #expect(store.status.rememberedKeys == 3)
    }

    @Test("parts of two deliveries of one transaction see each other") func partsTwoDeliveries() throws {
        let store = try fixture.open()
        let outcomes = store.outcomes([batch(1, [1, 2]), batch(2, [2, 3]), batch(3, [3, 1])])
        #expect(
            outcomes == [
                allStored(2), allStored(1, duplicates: 1),
                .duplicate(firstDeliveryID: "delivery-2", changedBody: false),
            ])
    }

    @Test("the second of two parts with one key is a duplicate of the first") func secondTwoParts() throws {
        let store = try fixture.open()
        #expect(store.outcomes([batch(1, [7, 8, 7, 7], bodies: [1, 1, 1, 1])]) == [allStored(2, duplicates: 2)])
        #expect(try store.pending().map(\.job.type) == ["push-1-0", "push-1-1"])
        #expect(
            store.outcomes([batch(2, [7, 8, 7, 7], bodies: [1, 1, 1, 1])]) == [
                .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
            ])
    }

    @Test("parts without a key are always stored") func partsWithoutKey() throws {
        let store = try fixture.open()
        #expect(store.outcomes([batch(1, [nil, 1, nil])]) == [allStored(3)])
        #expect(store.outcomes([batch(2, [nil, 1, nil])]) == [allStored(2, duplicates: 1)])
    }

    @Test("of a part with nothing the key is remembered") func partNothingKey() throws {
        let store = try fixture.open()
        let delivery = sample(1, at: time, others: [part(50), part(51)])
        #expect(store.outcomes([delivery]) == [stored])
        #expect(
            store.outcomes([sample(2, key: 51, at: time)]) == [
                .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
            ])
        #expect(
            store.outcomes([sample(3, key: 50, at: time, others: [part(52)])])
                == [.stored(jobs: 0, deadLetters: [], duplicates: 1, changedBody: false)])
    }

    @Test("dead letters of parts know their element and rule") func deadLettersParts() throws {
        let store = try fixture.open()
        let letters = [
            DeadLetter(reason: .badField, detail: "No queue.", share: DeliveryShare(element: 0, rule: 2)),
            DeadLetter(reason: .noMatchingRule, detail: "None.", share: DeliveryShare(element: 4)),
        ]
        let delivery = sample(
            1, at: time, jobs: 0, deadLetters: [letters[0]], others: [part(50, deadLetters: [letters[1]]), part(51)])
        #expect(
            store.outcomes([delivery])
                == [.stored(jobs: 0, deadLetters: [.badField, .noMatchingRule], duplicates: 0, changedBody: false)])
        let found = try store.queries.deadLetters(after: 0)
        #expect(found.map(\.element) == [0, 4])
        #expect(found.map(\.rule) == [2, nil])
        #expect(try store.queries.deadLetter(2)?.letter == found[1])
    }

    // MARK: Changed bodies

    @Test("a changed body is a matter of its part", arguments: ChangedBodyPolicy.allCases) func changedBodyMatter(
        _ rule: ChangedBodyPolicy
    ) throws {
        let store = try fixture.open()
        _ = store.commit([batch(1, [1, 2, 3], bodies: [1, 2, 3])])
        // The second part has another body, the first is repeated, the third is new.
        let outcome = store.outcomes([batch(2, [1, 2, 4], bodies: [1, 20, 4], rule: rule)])[0]
        let again = store.outcomes([batch(3, [2, 4], bodies: [20, 4], rule: rule)])[0]
        switch rule {
        case .duplicate:
            #expect(outcome == .stored(jobs: 1, deadLetters: [], duplicates: 2, changedBody: true))
            #expect(again == .duplicate(firstDeliveryID: "delivery-1", changedBody: true))
        case .accept:
            #expect(outcome == .stored(jobs: 2, deadLetters: [], duplicates: 1, changedBody: true))
            #expect(try store.pending().map(\.job.uniqueKey).suffix(2) == ["github:2~1", "github:2"])
            #expect(again == .duplicate(firstDeliveryID: "delivery-2", changedBody: false))
        case .deadLetter:
            #expect(outcome == .stored(jobs: 1, deadLetters: [.changedBody], duplicates: 1, changedBody: true))
            #expect(try store.queries.deadLetter(1)?.job?.uniqueKey == "github:2~1")
            #expect(again == .duplicate(firstDeliveryID: "delivery-2", changedBody: false))
        }
    }

    @Test("a dead letter of a changed body names its element") func changedBodyNamesElement() throws {
        let store = try fixture.open()
        _ = store.commit([batch(1, [1, 2, 3], bodies: [1, 2, 3])])
        _ = store.commit([batch(2, [1, 2, 3], bodies: [1, 2, 30], rule: .deadLetter, namesElements: true)])
        let letters = try store.queries.deadLetters()
        #expect(letters.map(\.element) == [2])
        #expect(letters.map(\.detail) == ["the unique key was seen before with another body"])
    }

    @Test("two parts with one key and two bodies are as two deliveries", arguments: ChangedBodyPolicy.allCases)
    func twoPartsOne(
        _ rule: ChangedBodyPolicy
    ) throws {
        let store = try fixture.open()
        let first = store.outcomes([batch(1, [7, 7], bodies: [1, 2], rule: rule)])[0]
        let again = store.outcomes([batch(2, [7, 7], bodies: [1, 2], rule: rule)])[0]
        switch rule {
        case .duplicate:
            #expect(first == .stored(jobs: 1, deadLetters: [], duplicates: 1, changedBody: true))
            #expect(again == .duplicate(firstDeliveryID: "delivery-1", changedBody: true))
        case .accept:
            #expect(first == .stored(jobs: 2, deadLetters: [], duplicates: 0, changedBody: true))
            #expect(try store.pending().map(\.job.uniqueKey) == ["github:1", "github:1~1"])
            #expect(again == .duplicate(firstDeliveryID: "delivery-1", changedBody: false))
        case .deadLetter:
            #expect(first == .stored(jobs: 1, deadLetters: [.changedBody], duplicates: 0, changedBody: true))
            #expect(again == .duplicate(firstDeliveryID: "delivery-1", changedBody: false))
        }
    }

    @Test("each part counts its own acceptances") func eachPartCounts() throws {
        let store = try fixture.open()
        _ = store.commit([
            batch(1, [1, 2], bodies: [1, 2], rule: .accept), batch(2, [1], bodies: [11], rule: .accept),
        ])
        _ = store.commit([batch(3, [1, 2, 3], bodies: [111, 22, 3], rule: .accept)])
        #expect(
            try store.pending().map(\.job.uniqueKey) == [
                "github:1", "github:1", "github:2~1", "github:3~2", "github:3~1", "github:3",
            ])
        #expect(try store.queries.deliveries(after: 3).map(\.generation) == [2, 1, 0])
        // What an operator renders again is marked as its own part.
        let letter = DeadLetter(reason: .badField, detail: "No.", share: DeliveryShare(element: 1))
        _ = store.commit([sample(4, key: 60, at: time, others: [part(2, body: 222, deadLetters: [letter])])])
        let changed = sample(5, key: 61, at: time, rule: .accept, others: [part(2, body: 222, deadLetters: [letter])])
        #expect(
            store.outcomes([changed]) == [.stored(jobs: 1, deadLetters: [.badField], duplicates: 0, changedBody: true)])
        let ids = try store.replaceDeadLetter(1, with: [job(5, 1)])
        #expect(try ids.map { try store.queries.job($0)?.job.uniqueKey } == ["github:5~2"])
    }

    // MARK: All or nothing

    @Test("a delivery for which there is no room is refused as a whole") func deliveryThereNo() throws {
        let cost = job(1, payload: 200).byteCost
        let small = Fixture { $0.maximumBytes = ByteCount(bytes: 4 * cost) }
        let store = try small.open()
        #expect(store.outcomes([batch(1, [1, 2], payload: 200)]) == [allStored(2)])
        #expect(store.outcomes([batch(2, [3, 4, 5], payload: 200)]) == [.refused(.outboxFull)])
        #expect(store.status.pendingJobs == 2 && store.status.rememberedKeys == 2)
        // Two parts are here already, so that the rest has room.
        #expect(store.outcomes([batch(3, [1, 3, 2, 4], payload: 200)]) == [allStored(2, duplicates: 2)])
        #expect(store.outcomes([batch(4, [1, 5], payload: 200)]) == [.refused(.outboxFull)])
        #expect(
            store.outcomes([batch(5, [4, 1], payload: 200)]) == [
                .duplicate(firstDeliveryID: "delivery-3", changedBody: false)
            ])
    }

    @Test("a full outbox still answers a repetition with one key twice") func fullOutboxStill() throws {
        let small = Fixture { $0.maximumBytes = ByteCount(bytes: 2 * job(1).byteCost) }
        let store = try small.open()
        #expect(store.outcomes([batch(1, [7, 7], bodies: [1, 2], rule: .accept)])[0] != .refused(.outboxFull))
        #expect(
            store.outcomes([batch(2, [7, 7], bodies: [1, 2], rule: .accept)]) == [
                .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
            ])
    }

    @Test("of a transaction that fails no part is remembered") func transactionFailsNo() throws {
        let vfs = FaultyVFS()
        fixture.configuration.vfs = vfs.name
        let store = try fixture.open()
        _ = store.commit([batch(1, [1, 2], window: .seconds(60))])
        try store.acknowledge([1, 2].map { Acknowledgement(job: $0, zizqID: "z") })
        let before = store.ledger
        vfs.set { $0.fullFiles = [.log] }
        #expect(
            store.outcomes([batch(2, [3, 2, 4, 3], bodies: [3, 22, 4, 33], rule: .accept)]) == [.refused(.diskFull)])
        #expect(store.ledger == before)
        #expect(store.keys.recent[Fingerprint(number: 2)] == 2)
        #expect([3, 4].allSatisfy { store.keys.recent[Fingerprint(number: $0)] == nil })
        vfs.set { $0.fullFiles = [] }
        time.advance(by: .seconds(1))
        #expect(store.outcomes([batch(2, [3, 2, 4])]) == [allStored(2, duplicates: 1)])
    }

    @Test("a torn log gives back whole deliveries only") func tornLogGives() throws {
        let store = try fixture.open()
        _ = try store.session.connection.checkpoint(.truncate)
        for number in 0..<4 { _ = store.commit([batch(number, (1...40).map { number * 40 + $0 }, payload: 2000)]) }
        let length = fixture.folder.read("outbox.db-wal").count
        var counts: Set<Int> = []
        for cut in stride(from: 0, through: length, by: 30_011) {
            let copy = try fixture.afterCrash { $0.removeLast($0.count - cut) }
            let jobs = copy.store.status.pendingJobs
            counts.insert(jobs)
            #expect(jobs.isMultiple(of: 40) && copy.store.status.rememberedKeys == jobs, "cut at \(cut)")
            // All that is left is known again, and the rest new.
            let again = copy.store.outcomes([batch(9, (1...160).map { $0 })])
            #expect(
                again == [
                    jobs == 160
                        ? .duplicate(firstDeliveryID: "delivery-0", changedBody: false)
                        : allStored(160 - jobs, duplicates: jobs)
                ])
        }
        #expect(counts.count > 2)
    }

    // MARK: Time and numbers

    @Test("a part expires by itself while a job of another is here") func partExpiresBy() throws {
        let brief = Fixture { $0.keepDelivered = .zero }
        let store = try brief.open()
        _ = store.commit([batch(1, [1, 2, 3], window: .seconds(60))])
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z")])
        try store.park([2], because: .unlicensed)
        brief.time.advance(by: .seconds(100))
        for _ in 0..<100 where !store.maintainIdle() { break }
        #expect(store.status.rememberedKeys == 2)
        let again = sample(2, key: 1, at: brief.time, others: [part(2), part(3)])
        #expect(store.outcomes([again]) == [.stored(jobs: 1, deadLetters: [], duplicates: 2, changedBody: false)])
    }

    @Test("a delivery of ten thousand parts is one transaction and its keys are found") func deliveryTenThousand()
        throws
    {
        let merging = Fixture { $0.recentKeys = 1000 }
        let keys = Array(1...10_000)
        do {
            let store = try merging.open()
            #expect(store.outcomes([batch(1, keys, payload: 10)]) == [allStored(10_000)])
            #expect(
                store.outcomes([batch(2, keys, payload: 10)]) == [
                    .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
                ])
            store.close()
        }
        let store = try merging.open()
        #expect(store.outcomes([batch(3, keys + [10_001], payload: 10)]) == [allStored(1, duplicates: 10_000)])
    }

    @Test("forgetting keeps up with deliveries of many parts") func forgettingKeepsUp() throws {
        let few = Fixture { $0.maximumKeys = 1000 }
        let store = try few.open()
        for round in 0..<5 {
            let others = (0..<4999).map { part(round * 5000 + $0) }
            _ = store.commit([sample(round, hasKey: false, body: 1, at: few.time, jobs: 0, others: others)])
            store.maintain()
            #expect(store.status.rememberedKeys <= 1000)
        }
        #expect(store.status.keysForgottenEarly == 23_995)
    }
}
