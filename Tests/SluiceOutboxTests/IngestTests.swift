import SluiceBase
import Testing

@testable import SluiceOutbox

struct IngestTests {
    let fixture = Fixture()
    var time: ManualTime { fixture.time }

    @Test("a stored delivery is there byte for byte") func storedDeliveryThere() throws {
        let store = try fixture.open()
        let delivery = sample(1, at: time, jobs: 2)
        #expect(
            store.commit([delivery]) == [
                IngestResult(ticket: 1, outcome: .stored(jobs: 2, deadLetters: [], duplicates: 0, changedBody: false))
            ])
        let pending = try store.pending()
        #expect(pending.map(\.job) == delivery.delivery.parts[0].jobs)
        #expect(pending.map(\.id) == [1, 2])
        #expect(pending.allSatisfy { $0.isIntact && $0.storedAtMilliseconds == time.wallMilliseconds() })
    }

    @Test("empty texts and bytes stay empty and absent ones absent") func emptyTextsBytes() throws {
        let store = try fixture.open()
        let job = Job(type: "a", queue: "", uniqueKey: "", uniqueWhile: nil, payload: [])
        let delivery = Submission(
            Delivery(
                id: "", route: "r", receivedAtMilliseconds: 0, dedupeWindow: .seconds(60),
                parts: [part(nil, jobs: [job])]), origin: 0, ticket: 1, enqueuedAtNanoseconds: 0)
        #expect(store.outcomes([delivery]) == [stored])
        #expect(try store.pending().map(\.job) == [job])
    }

    @Test("payloads of any size come back as they were", arguments: [0, 1, 2000, 16_384, 1_000_000])
    func payloadsAnySize(_ size: Int) throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time, payload: size)])
        let found = try store.pending()
        #expect(found.map(\.job.payload.count) == [size + 2])
        #expect(found.map(\.isIntact) == [true])
    }

    @Test("the same key and body is a duplicate of the first delivery") func sameKeyBody() throws {
        let store = try fixture.open()
        #expect(store.outcomes([sample(1, at: time)]) == [stored])
        #expect(
            store.outcomes([sample(2, key: 1, at: time)]) == [
                .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
            ])
        #expect(store.status.pendingJobs == 1)
    }

    @Test("a duplicate inside one batch is recognised") func duplicateInsideOne() throws {
        let store = try fixture.open()
        let outcomes = store.outcomes([sample(1, at: time), sample(2, key: 1, at: time), sample(3, at: time)])
        #expect(outcomes == [stored, .duplicate(firstDeliveryID: "delivery-1", changedBody: false), stored])
        #expect(try store.pending().count == 2)
    }

    @Test("deliveries without a key are never duplicates") func deliveriesWithoutKey() throws {
        let store = try fixture.open()
        let outcomes = store.outcomes([
            sample(1, hasKey: false, body: 1, at: time), sample(2, hasKey: false, body: 1, at: time),
        ])
        #expect(outcomes == [stored, stored])
    }

    @Test("a duplicate is recognised after the outbox was opened again") func duplicateRecognisedAfter() throws {
        do {
            let store = try fixture.open()
            _ = store.commit([sample(1, at: time)])
            store.close()
        }
        let store = try fixture.open()
        #expect(
            store.outcomes([sample(2, key: 1, at: time)]) == [
                .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
            ])
    }

    @Test("a dead letter of a delivery is not older than the delivery, even while the clock is a little ahead")
    func diesAfterReceipt() throws {
        let fixture = Fixture()
        let store = try fixture.open()
        _ = store.commit([sample(1, at: fixture.time)])
        fixture.time.setWall(milliseconds: fixture.time.wallMilliseconds() + 1)
        _ = store.commit([sample(2, key: 1, body: 2, at: fixture.time, rule: .deadLetter)])
        let letter = try #require(try store.queries.deadLetters(after: 0).first)
        #expect(letter.diedAtMilliseconds == letter.receivedAtMilliseconds)
    }

    @Test("a changed body is a duplicate where the route says nothing") func changedBodyDuplicate() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        #expect(
            store.outcomes([sample(2, key: 1, body: 2, at: time)]) == [
                .duplicate(firstDeliveryID: "delivery-1", changedBody: true)
            ])
        #expect(store.status.pendingJobs == 1)
    }

    @Test("each of many bodies of one key is found again, also after a failed transaction and a start")
    func manyBodies() throws {
        let store = try fixture.open()
        let send = { (store: OutboxStore, body: Int) in
            store.outcomes([sample(body, key: 1, body: body, at: self.time, rule: .accept)])[0]
        }
        for body in 1...300 { #expect(send(store, body).isNew) }
        let areFound = { (store: OutboxStore) in
            [1, 2, 100, 236, 299, 300].allSatisfy {
                send(store, $0) == .duplicate(firstDeliveryID: "delivery-\($0)", changedBody: false)
            }
        }
        #expect(areFound(store))
        #expect(throws: OutboxError.self) {
            try store.urgentTransaction { () throws(SQLiteError) in
                for body in [301, 302] {
                    _ = try store.ingest(
                        sample(body, key: 1, body: body, at: time, rule: .accept).delivery, bytes: 1, at: 0)
                }
                throw SQLiteError(code: 1, message: "taken back")
            }
        }
        // They get the rows of those that were taken back.
        #expect(send(store, 400).isNew && send(store, 401).isNew)
        #expect(areFound(store))
        #expect(send(store, 400) == .duplicate(firstDeliveryID: "delivery-400", changedBody: false))
        #expect(send(store, 301).isNew)
        #expect(areFound(try fixture.afterCrash().store))
        // When the key has ended, none of them counts any more.
        try store.acknowledge((1...store.lastJobID).map { Acknowledgement(job: $0, zizqID: "z") })
        time.advance(by: .seconds(8 * 86_400))
        #expect(send(store, 500).isNew && send(store, 501).isNew && send(store, 5).isNew)
    }

    @Test("a body that is accepted with a shorter window does not end the window of the first one")
    func shorterWindow() throws {
        let store = try fixture.open()
        func send(_ number: Int, body: Int, _ window: Duration) -> IngestOutcome {
            store.outcomes([sample(number, key: 1, body: body, at: time, window: window, rule: .accept, jobs: 0)])[0]
        }
        let first = IngestOutcome.duplicate(firstDeliveryID: "delivery-1", changedBody: false)
        _ = send(1, body: 1, .seconds(3600))
        _ = send(2, body: 2, .seconds(60))
        _ = send(3, body: 3, .seconds(60))
        for _ in 0..<10 {
            time.advance(by: .seconds(359))
            while store.maintainIdle() {}
            #expect(send(4, body: 1, .seconds(60)) == first)
        }
        time.advance(by: .seconds(10))
        for _ in 0..<3 {
            while store.maintainIdle() {}
            time.advance(by: .seconds(1))
        }
        #expect(store.status.rememberedKeys == 0)
        #expect(try store.number("SELECT count(*) FROM forgetting") == 0)
    }

    @Test("an earlier body is a duplicate only within its own window, although a later one holds the key")
    func windowOfEachBody() throws {
        let store = try fixture.open()
        func send(_ number: Int, body: Int, jobs: Int = 0) -> IngestOutcome {
            store.outcomes([
                sample(number, key: 1, body: body, at: time, window: .seconds(60), rule: .accept, jobs: jobs)
            ])[0]
        }
        #expect(send(1, body: 1).isNew)
        time.advance(by: .seconds(40))
        #expect(send(2, body: 2).isNew)
        time.advance(by: .seconds(19))
        #expect(send(3, body: 1) == .duplicate(firstDeliveryID: "delivery-1", changedBody: false))
        time.advance(by: .seconds(2))
        #expect(send(4, body: 1, jobs: 1).isNew)
        #expect(send(5, body: 2) == .duplicate(firstDeliveryID: "delivery-2", changedBody: false))
        // Its job is pending.
        time.advance(by: .seconds(61))
        #expect(send(6, body: 3).isNew)
        #expect(send(7, body: 1) == .duplicate(firstDeliveryID: "delivery-4", changedBody: false))
    }

    @Test("a changed body that is accepted gets a unique key of its own") func changedBodyAccepted() throws {
        let store = try fixture.open()
        func deliver(_ number: Int, body: Int) -> IngestOutcome {
            store.outcomes([sample(number, key: 1, body: body, at: time, rule: .accept)])[0]
        }
        #expect(deliver(1, body: 1) == stored)
        #expect(deliver(2, body: 2) == .stored(jobs: 1, deadLetters: [], duplicates: 0, changedBody: true))
        #expect(deliver(3, body: 3) == .stored(jobs: 1, deadLetters: [], duplicates: 0, changedBody: true))
        #expect(try store.pending().map(\.job.uniqueKey) == ["github:1", "github:2~1", "github:3~2"])
        #expect(deliver(4, body: 2) == .duplicate(firstDeliveryID: "delivery-2", changedBody: false))
        #expect(deliver(5, body: 1) == .duplicate(firstDeliveryID: "delivery-1", changedBody: false))
        #expect(deliver(6, body: 3) == .duplicate(firstDeliveryID: "delivery-3", changedBody: false))
    }

    @Test("a changed body goes to the dead letters where the route says so") func changedBodyGoes() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        let changed = sample(2, key: 1, body: 2, at: time, rule: .deadLetter, jobs: 2)
        #expect(
            store.outcomes([changed]) == [
                .stored(jobs: 0, deadLetters: [.changedBody, .changedBody], duplicates: 0, changedBody: true)
            ])
        #expect(store.status.pendingJobs == 1)
        let letters = try store.queries.deadLetters(after: 0)
        #expect(letters.map(\.reason) == ["changed_body", "changed_body"])
        #expect(letters.map(\.deliveryID) == ["delivery-2", "delivery-2"])
        let job = try #require(try store.queries.deadLetter(letters[1].id)?.job)
        #expect(job.payload == changed.delivery.parts[0].jobs[1].payload)
        // Zizq must not take it for the job of the first body when a person sends it.
        #expect(job.uniqueKey == "github:2~1")
        let again = sample(3, key: 1, body: 2, at: time, rule: .deadLetter)
        #expect(store.outcomes([again]) == [.duplicate(firstDeliveryID: "delivery-2", changedBody: false)])
        let first = sample(4, key: 1, body: 1, at: time, rule: .deadLetter)
        #expect(store.outcomes([first]) == [.duplicate(firstDeliveryID: "delivery-1", changedBody: false)])
    }

    @Test("jobs that are rendered again get the key of their delivery") func jobsRenderedAnew() throws {
        let store = try fixture.open()
        let letter = DeadLetter(reason: .noMatchingRule, detail: "No rule matched.")
        _ = store.commit([sample(1, key: 1, body: 1, at: time)])
        _ = store.commit([
            sample(2, key: 1, body: 2, at: time, rule: .accept, jobs: 0, deadLetters: [letter], request: [1, 2])
        ])
        let ids = try store.replaceDeadLetter(1, with: [job(1)])
        // The key of the first body is held by its own job.
        #expect(try ids.map { try store.queries.job($0)?.job.uniqueKey } == ["github:1~1"])
    }

    @Test("a key that a rule has written goes to Zizq as it is") func keyRuleWritten() throws {
        let store = try fixture.open()
        func delivery(_ number: Int) -> Submission {
            let own = Job(type: "t", queue: "q", uniqueKey: "user-1", hasOwnKey: true, payload: Array("1".utf8))
            return Submission(
                Delivery(
                    id: "d\(number)", route: "r", receivedAtMilliseconds: time.wallMilliseconds(),
                    dedupeWindow: .seconds(60), onChangedBody: .accept, parts: [part(1, body: number, jobs: [own])]),
                origin: 0, ticket: UInt64(number), enqueuedAtNanoseconds: 0)
        }
        #expect(store.outcomes([delivery(1)]) == [stored])
        #expect(store.outcomes([delivery(2)]) == [.stored(jobs: 1, deadLetters: [], duplicates: 0, changedBody: true)])
        #expect(try store.pending().map(\.job.uniqueKey) == ["user-1", "user-1"])
    }

    @Test("what could not become a job is kept with its reason and request") func couldNotBecome() throws {
        let store = try fixture.open()
        let letter = DeadLetter(reason: .bodyUnreadable, detail: "The body ends inside a string.")
        let delivery = sample(1, at: time, jobs: 0, deadLetters: [letter], request: [1, 2, 0, 255])
        #expect(
            store.outcomes([delivery]) == [
                .stored(jobs: 0, deadLetters: [.bodyUnreadable], duplicates: 0, changedBody: false)
            ])
        let found = try #require(try store.queries.deadLetters(after: 0).first)
        #expect(
            (found.reason, found.detail, found.route) == ("body_unreadable", "The body ends inside a string.", "github")
        )
        #expect((found.holdsJob, found.contentBytes) == (false, 4))
        #expect(try store.queries.deadLetter(found.id)?.request == [1, 2, 0, 255])
        #expect(
            store.outcomes([sample(2, key: 1, at: time)]) == [
                .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
            ])
    }

    @Test("a full outbox refuses new deliveries and still answers duplicates") func fullOutboxRefuses() throws {
        let small = Fixture { $0.maximumBytes = ByteCount(bytes: 1200) }
        let store = try small.open()
        let outcomes = store.outcomes((1...3).map { sample($0, at: small.time, payload: 200) })
        #expect(outcomes == [stored, stored, .refused(.outboxFull)])
        #expect(
            store.outcomes([sample(4, key: 1, at: small.time)]) == [
                .duplicate(firstDeliveryID: "delivery-1", changedBody: false)
            ])
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z1")])
        #expect(store.outcomes([sample(3, at: small.time, payload: 200)]) == [stored])
    }

    @Test("the bytes of the outbox are the same before and after it is opened again") func bytesOutboxSame() throws {
        let letter = DeadLetter(reason: .noMatchingRule, detail: "None.")
        let before = try { () throws in
            let store = try fixture.open()
            _ = store.commit((1...9).map { sample($0, at: time, deadLetters: $0 == 4 ? [letter] : [], request: [1]) })
            try store.acknowledge([1, 2, 5].map { Acknowledgement(job: $0, zizqID: "z") })
            try store.park([7], because: .unlicensed)
            try store.deadLetter([FailedJob(job: 8, reason: .badField, detail: "No.")])
            store.close()
            return store.status
        }()
        let after = try fixture.open().status
        #expect(before.pendingJobs == 4)
        #expect(before.deadLetters == 2)
        #expect(before.parkedJobs == 1)
        #expect(before.undeliveredBytes > 0)
        #expect(after.pendingJobs == before.pendingJobs)
        #expect(after.undeliveredBytes == before.undeliveredBytes)
        #expect(after.deliveredBytes == before.deliveredBytes)
        #expect(after.deadLetters == before.deadLetters)
        #expect(after.parkedJobs == before.parkedJobs)
        #expect(after.rememberedKeys == 9)
        #expect(after.lastJobID == 9)
        #expect(after.oldestPendingAtMilliseconds == before.oldestPendingAtMilliseconds)
    }

    @Test("keys are found wherever they lie on their way into the index") func keysFoundWherever() throws {
        let merging = Fixture { $0.recentKeys = 50 }
        let total = 1000
        do {
            let store = try merging.open()
            for start in stride(from: 1, to: total, by: 20) {
                _ = store.commit((start..<(start + 20)).map { sample($0, at: merging.time, jobs: 0) })
            }
            #expect(store.keys.runs.reduce(0) { $0 + $1.entries } > 800)
            #expect(store.keys.recent.count <= 80)
            #expect(duplicates(store, total, merging.time) == total)
        }
        let store = try merging.open()
        #expect(store.keys.recent.count < 200)
        #expect(duplicates(store, total, merging.time) == total)
    }

    @Test("keys are found after a crash at any point of their way") func keysFoundAfter() throws {
        let merging = Fixture { $0.recentKeys = 30 }
        let store = try merging.open()
        for start in stride(from: 1, through: 391, by: 10) {
            _ = store.commit((start..<(start + 10)).map { sample($0, at: merging.time) })
            if start % 30 == 1 { try store.acknowledge([Acknowledgement(job: Int64(start), zizqID: "z")]) }
            let copy = try merging.afterCrash()
            #expect(duplicates(copy.store, start + 9, merging.time) == start + 9)
        }
    }

    private func duplicates(_ store: OutboxStore, _ total: Int, _ time: ManualTime) -> Int {
        let again = store.outcomes((1...total).map { sample(100_000 + $0, key: $0, at: time) })
        return zip(1...total, again).count { $1 == .duplicate(firstDeliveryID: "delivery-\($0)", changedBody: false) }
    }
}

extension IngestOutcome {
    /// Whether the delivery was stored.
    fileprivate var isNew: Bool { if case .stored = self { true } else { false } }
}
