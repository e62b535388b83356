import SluiceBase
import Testing

@testable import SluiceOutbox

/// What an operator does to an outbox: buries jobs, discards dead letters, forgets keys.
struct OperatorTests {
    let fixture = Fixture()
    var time: ManualTime { fixture.time }

    // MARK: Burying

    @Test("a buried job is a dead letter and is not read", arguments: [false, true])
    func buriedJobDead(_ isParked: Bool) throws {
        let store = try fixture.open()
        _ = store.commit((1...3).map { sample($0, at: time, request: [1, 2, 3], keepsRequest: true) })
        let bytes = store.status.undeliveredBytes
        if isParked { try store.park([2], because: .unlicensed) }
        let letter = try store.bury(2)
        #expect(try store.pending().map(\.id) == [1, 3])
        #expect((store.status.pendingJobs, store.status.parkedJobs, store.status.deadLetters) == (2, 0, 1))
        #expect(store.sending.begin([StoredJob(id: 2, job: job(2))], lane: 0) == [2])
        let content = try #require(try store.queries.deadLetter(letter))
        #expect(content.job == job(2))
        #expect(content.letter.reason == "buried" && content.isIntact)
        #expect(try store.queries.request(ofDelivery: "delivery-2")?.request == [1, 2, 3])
        #expect(store.status.undeliveredBytes > bytes)
        #expect(throws: OutboxError.notFound) { try store.bury(2) }
        #expect(try store.retryDeadLetter(letter) == 4)
        #expect(try store.pending().map(\.job) == [job(1), job(3), job(2)])
        #expect(store.status.deadBytes == 0)
        #expect(try fixture.afterCrash().store.ledger.deadRequests == 0)
    }

    @Test("a delivered job and one that is not there cannot be buried") func deliveredJobOne() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z")])
        for id in [0, 1, 2] as [Int64] { #expect(throws: OutboxError.notFound) { try store.bury(id) } }
    }

    @Test("a job that Zizq took while it was buried leaves no dead letter") func jobZizqTook() throws {
        let store = try fixture.open()
        _ = store.commit((1...3).map { sample($0, at: time, request: [1, 2, 3], keepsRequest: true) })
        _ = try store.bury(2)
        try store.acknowledge([1, 2, 3].map { Acknowledgement(job: $0, zizqID: "z\($0)") })
        #expect(store.status.deadLetters == 0 && store.status.pendingJobs == 0)
        #expect(store.status.undeliveredBytes == 0)
        // What the relay says of a job that it still had in mind changes nothing.
        _ = store.commit([sample(4, at: time)])
        let letter = try store.bury(4)
        try store.deadLetter([FailedJob(job: 4, reason: .refusedByZizq, detail: "No.")])
        try store.park([4], because: .unlicensed)
        #expect(try store.queries.deadLetters().map(\.id) == [letter])
    }

    // MARK: Discarding

    @Test("a discarded letter leaves its key unless that is forgotten", arguments: [false, true])
    func discardedLetterLeaves(_ forgetsKey: Bool) throws {
        let store = try fixture.open()
        let letter = DeadLetter(reason: .noMatchingRule, detail: "None.")
        _ = store.commit([sample(1, at: time, jobs: 0, deadLetters: [letter], request: [9, 9])])
        #expect(try store.discardDeadLetter(1, forgetsKey: forgetsKey) == (forgetsKey ? 1 : 0))
        #expect(store.status.deadLetters == 0 && store.status.undeliveredBytes == 0 && store.status.deadBytes == 0)
        #expect(try store.number("SELECT count(*) FROM requests") == 0)
        let again = store.outcomes([sample(2, key: 1, at: time)])
        #expect(again == [forgetsKey ? stored : .duplicate(firstDeliveryID: "delivery-1", changedBody: false)])
        #expect(throws: OutboxError.notFound) { try store.discardDeadLetter(1, forgetsKey: forgetsKey) }
    }

    @Test("a delivery without a key has none to forget") func deliveryWithoutKey() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, hasKey: false, at: time)])
        _ = try store.bury(1)
        #expect(try store.discardDeadLetter(1, forgetsKey: true) == 0)
        #expect(try store.forgetKeys(ofDelivery: "delivery-1").count == 0)
    }

    // MARK: Forgetting

    @Test(
        "a forgotten key is new and its next generation goes to Zizq",
        arguments: ["pending", "delivered", "parked", "dead"])
    func forgottenKeyNew(_ state: String) throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        switch state {
        case "delivered": try store.acknowledge([Acknowledgement(job: 1, zizqID: "z")])
        case "parked": try store.park([1], because: .unlicensed)
        case "dead": _ = try store.bury(1)
        default: break
        }
        let forgotten = try store.forgetKeys([Fingerprint(number: 1), Fingerprint(number: 77)])
        #expect(forgotten == OutboxStore.ForgottenKeys(count: 1, isUndelivered: state != "delivered"))
        let crashed = try fixture.afterCrash()
        for (store, time) in [(store, fixture.time), (crashed.store, crashed.fixture.time)] {
            #expect(store.outcomes([sample(2, key: 1, at: time)]) == [stored])
            #expect(try store.pending().last?.job.uniqueKey == "github:2~1")
            #expect(
                store.outcomes([sample(3, key: 1, at: time)]) == [
                    .duplicate(firstDeliveryID: "delivery-2", changedBody: false)
                ])
        }
        // Only if a job of the newest delivery has this text.
        for text in ["github:1", "github:2", "github:2~2"] {
            #expect(try store.forgetKeys([Fingerprint(number: 1)], ofJob: text).count == 0)
        }
        #expect(try crashed.store.forgetKeys([Fingerprint(number: 1)], ofJob: "github:2~1").count == 1)
        // The next acceptance can be forgotten, too, and the count goes on.
        #expect(try store.forgetKeys([Fingerprint(number: 1)]).count == 1)
        #expect(store.outcomes([sample(4, key: 1, at: fixture.time)]) == [stored])
        #expect(try store.pending().last?.job.uniqueKey == "github:4~2")
    }

    @Test("a key that was forgotten cannot be forgotten again") func forgottenTwice() throws {
        let store = try fixture.open()
        let letter = DeadLetter(reason: .noMatchingRule, detail: "None.")
        _ = store.commit([sample(1, at: time, jobs: 0, deadLetters: [letter, letter], request: [9])])
        #expect(try store.discardDeadLetter(1, forgetsKey: true) == 1)
        #expect(try store.discardDeadLetter(2, forgetsKey: true) == 0)
        #expect(try store.forgetKeys(ofDelivery: "delivery-1").count == 0)
        #expect(try store.forgetKeys([Fingerprint(number: 1)]).count == 0)
        #expect(store.outcomes([sample(2, key: 1, at: time)]) == [stored])
        #expect(try store.forgetKeys([Fingerprint(number: 1)]).count == 1)
    }

    @Test("a forgotten key counts on for another window") func forgottenKeyCounts() throws {
        let fixture = Fixture { $0.keepDelivered = .zero }
        let store = try fixture.open()
        _ = store.commit([sample(1, at: fixture.time, window: .seconds(600))])
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z")])
        fixture.time.advance(by: .seconds(590))
        #expect(try store.forgetKeys(ofDelivery: "delivery-1").count == 1)
        fixture.time.advance(by: .seconds(590))
        for _ in 0..<1000 where !store.maintainIdle() { break }
        #expect(store.outcomes([sample(2, key: 1, at: fixture.time)]) == [stored])
        #expect(try store.pending().map(\.job.uniqueKey) == ["github:2~1"])
    }

    @Test("the keys of all parts of a delivery are forgotten") func keysAllParts() throws {
        let store = try fixture.open()
        let others = (2...4).map { part($0, jobs: [job($0)]) }
        _ = store.commit([sample(1, at: time, others: others), sample(9, at: time)])
        #expect(try store.forgetKeys(ofDelivery: "delivery-1").count == 4)
        #expect(
            store.outcomes([sample(5, key: 1, at: time, others: others)]) == [
                .stored(jobs: 4, deadLetters: [], duplicates: 0, changedBody: false)
            ])
        #expect(store.outcomes([sample(6, key: 9, at: time)]).first != stored)
        #expect(throws: OutboxError.notFound) { try store.forgetKeys(ofDelivery: "delivery-77") }
    }

    // MARK: Letters

    @Test("a letter whose job is not the stored one is not sent") func letterWhoseJob() throws {
        let store = try fixture.open()
        _ = store.commit((1...3).map { sample($0, at: time) })
        try store.session.connection.execute("UPDATE jobs SET payload = CAST('\"b\"' AS BLOB) WHERE id = 1")
        try store.deadLetter([
            FailedJob(job: 1, reason: .checksumMismatch, detail: "No."),
            FailedJob(job: 2, reason: .refusedByZizq, detail: "No."),
        ])
        try store.session.connection.execute("UPDATE dead_letters SET payload = CAST('\"c\"' AS BLOB) WHERE id = 2")
        for id in [1, 2] as [Int64] {
            #expect(throws: OutboxError.checksumMismatch) { try store.retryDeadLetter(id) }
            #expect(try store.queries.deadLetter(id)?.isIntact == false)
        }
        #expect(store.status.deadLetters == 2)
    }

    @Test("a letter keeps what its rule said") func letterKeepsRule() throws {
        let store = try fixture.open()
        let rule = RuleIdentity(kind: "order", type: "order", queue: nil, digest: Fingerprint(number: 5))
        let letters = [
            DeadLetter(reason: .badField, detail: "No.", share: DeliveryShare(rule: 1), madeBy: rule),
            DeadLetter(reason: .payloadMismatch, detail: "No."),
            DeadLetter(reason: .noMatchingRule, detail: "No."),
        ]
        _ = store.commit([sample(1, at: time, deadLetters: letters, request: [1])])
        let listed = try fixture.afterCrash().store.queries.deadLetters()
        #expect(listed.map(\.madeBy) == [rule, nil, nil])
        #expect(listed.map(\.lacksRule) == [false, true, false])
    }

    // MARK: Limits

    @Test("over its limit dead letters are refused and nothing else") func overLimitDead() throws {
        fixture.configuration.maximumBytes = .mebibytes(1)
        let store = try fixture.open()
        let letter = DeadLetter(reason: .noMatchingRule, detail: "None.")
        func dead(_ number: Int) -> Submission {
            sample(number, at: time, jobs: 0, deadLetters: [letter], request: [UInt8](repeating: 1, count: 100_000))
        }
        let outcomes = store.outcomes((1...4).map(dead))
        #expect(outcomes[2...] == [.refused(.deadLettersFull), .refused(.deadLettersFull)])
        #expect(store.status.isDeadLimitReached && store.status.condition == .storing)
        #expect(store.outcomes([sample(9, at: time)]) == [stored])
        // A repetition is a duplicate and needs no room, and what is in the outbox can always become a dead letter.
        #expect(store.outcomes([dead(1)]) == [.duplicate(firstDeliveryID: "delivery-1", changedBody: false)])
        _ = try store.bury(1)
        let copy = try fixture.afterCrash().store
        #expect(copy.ledger.deadBytes == store.status.deadBytes)
        _ = try store.discardDeadLetter(1, forgetsKey: false)
        #expect(!store.status.isDeadLimitReached)
        #expect(store.outcomes([dead(5)]) != [.refused(.deadLettersFull)])
        // The parts of a delivery are refused together.
        let others = [part(101, jobs: [job(101)]), part(102, jobs: [], deadLetters: [letter])]
        #expect(
            store.outcomes([sample(100, at: time, others: others, request: [UInt8](repeating: 1, count: 200_000))]) == [
                .refused(.deadLettersFull)
            ])
        #expect(store.outcomes([sample(100, at: time)]) == [stored])
    }

    @Test("changed bodies count as dead letters") func changedBodiesCount() throws {
        (fixture.configuration.maximumBytes, fixture.configuration.maximumDeadBytes) = (
            .mebibytes(1), ByteCount(bytes: 2000)
        )
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        let changed = sample(2, key: 1, body: 2, at: time, rule: .deadLetter, payload: 3000)
        #expect(store.outcomes([changed]) == [.refused(.deadLettersFull)])
        #expect(
            store.outcomes([sample(3, key: 1, body: 3, at: time, rule: .accept, payload: 3000)]) != [
                .refused(.deadLettersFull)
            ])
    }

    @Test("the outbox is full from the first refusal until a delivery fits again") func outboxFullFrom() throws {
        fixture.configuration.maximumBytes = .mebibytes(1)
        let store = try fixture.open()
        _ = store.commit((1...9).map { sample($0, at: time, payload: 100_000) })
        #expect(store.status.condition == .storing)
        #expect(store.outcomes([sample(10, at: time, payload: 200_000)]) == [.refused(.outboxFull)])
        #expect(store.status.condition == .full)
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z")])
        #expect(store.status.condition == .storing)
        #expect(store.outcomes([sample(11, at: time, payload: 300_000)]) == [.refused(.outboxFull)])
        #expect(store.status.condition == .full)
        #expect(store.outcomes([sample(12, at: time, payload: 100_000)]) == [stored])
        #expect(store.status.condition == .storing)
    }

    /// It would be `full` for ever where a load balancer looks at `/readyz` and sends nothing more.
    @Test("a delivery that never fits does not make the outbox full") func deliveryNeverFits() throws {
        (fixture.configuration.maximumBytes, fixture.configuration.maximumDeadBytes) = (
            .mebibytes(1), ByteCount(bytes: 2000)
        )
        let store = try fixture.open()
        #expect(store.outcomes([sample(1, at: time, payload: 2_000_000)]) == [.refused(.outboxFull)])
        #expect(store.status.condition == .storing)
        let letter = DeadLetter(reason: .noMatchingRule, detail: "None.")
        let dead = sample(2, at: time, jobs: 0, deadLetters: [letter], request: [UInt8](repeating: 1, count: 3000))
        #expect(store.outcomes([dead]) == [.refused(.deadLettersFull)])
        #expect(!store.status.isDeadLimitReached)
        // One that fits into an empty outbox, and not into this one, still does.
        _ = store.commit((3...12).map { sample($0, at: time, payload: 100_000) })
        #expect(store.outcomes([sample(13, at: time, payload: 200_000)]) == [.refused(.outboxFull)])
        #expect(store.outcomes([sample(14, at: time, payload: 2_000_000)]) == [.refused(.outboxFull)])
        #expect(store.status.condition == .full)
    }
}
