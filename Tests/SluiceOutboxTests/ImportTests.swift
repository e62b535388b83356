import SluiceBase
import Testing

@testable import SluiceOutbox

/// Dead letters of another outbox, whose deliveries are not known here.
struct ImportTests {
    private let fixture = Fixture()
    private let other = Fixture()

    private func letter(_ detail: String = "None.") -> DeadLetter {
        DeadLetter(reason: .noMatchingRule, detail: detail)
    }

    /// The dead letters of deliveries in the other outbox.
    private func exported(_ deliveries: [Submission], forgetting key: Int? = nil) throws -> [DeadLetterContent] {
        let store = try other.open()
        for delivery in deliveries {
            if let key { _ = try store.forgetKeys([Fingerprint(number: key)]) }
            _ = store.commit([delivery])
        }
        defer { store.close() }
        return try store.queries.deadLetters(after: 0).map { try #require(try store.queries.exportedDeadLetter($0.id)) }
    }

    private func sample(_ number: Int, key: Int? = nil, letters: Int = 1) -> Submission {
        SluiceOutboxTests.sample(
            number, key: key, at: other.time, jobs: 0, deadLetters: (0..<letters).map { letter("Letter \($0).") },
            request: [1, 2, 3])
    }

    @Test("a letter is imported once, also if its delivery is not found by its id")
    func once() throws {
        let letters = try exported([sample(1)])
        let store = try fixture.open()
        let first = try store.importDeadLetter(letters[0])
        let again = try store.importDeadLetter(letters[0])
        #expect(first.isNew && !again.isNew && first.id == again.id)
        #expect(try store.number("SELECT count(*) FROM deliveries") == 1)
        #expect(store.outcomes([sample(2, key: 1)]) == [.duplicate(firstDeliveryID: "delivery-1", changedBody: false)])
    }

    @Test("equal letters of one delivery are all imported, and each once")
    func equal() throws {
        let source = try other.open()
        _ = source.commit([
            SluiceOutboxTests.sample(
                1, at: other.time, jobs: 0,
                others: [
                    part(nil, jobs: [job(1), job(1), job(2), job(1)])
                ])
        ])
        try source.deadLetter((1...4).map { FailedJob(job: $0, reason: .refusedByZizq, detail: "No.") })
        let letters = try (1...4).map { try #require(try source.queries.exportedDeadLetter($0)) }
        #expect(letters.map(\.copy) == [0, 1, 0, 2])
        let store = try fixture.open()
        for isNew in [true, false] {
            #expect(try letters.map { try store.importDeadLetter($0).isNew } == [isNew, isNew, isNew, isNew])
        }
        let rows = store.queries
        #expect(try rows.deadLetters().map { try rows.exportedDeadLetter($0.id)?.copy } == [0, 1, 0, 2])
    }

    @Test("letters of one delivery share its row, and count with their requests")
    func sharedRow() throws {
        let letters = try exported([sample(1, letters: 3)])
        var bytes: Int64 = 0
        do {
            let store = try fixture.open()
            for letter in letters { #expect(try store.importDeadLetter(letter).isNew) }
            #expect(try store.number("SELECT count(*) FROM deliveries") == 1)
            bytes = try store.number("SELECT sum(bytes) FROM dead_letters")
            #expect(Int64(store.status.deadBytes) == bytes)
            store.close()
        }
        #expect(Int64(try fixture.open().status.deadBytes) == bytes)
    }

    @Test("a key that another delivery holds stays with it, and a forgotten one stays forgotten")
    func holder() throws {
        let letters = try exported([sample(1)])
        let store = try fixture.open()
        _ = store.commit([SluiceOutboxTests.sample(9, key: 1, at: fixture.time)])
        let held = try store.importDeadLetter(letters[0])
        #expect(held.keyHolder == "delivery-9" && !held.isKeyForgotten)
        _ = try store.discardDeadLetter(held.id, forgetsKey: false)
        _ = try store.forgetKeys([Fingerprint(number: 1)])
        #expect(try store.importDeadLetter(letters[0]).isKeyForgotten)
        let again = SluiceOutboxTests.sample(10, key: 1, at: fixture.time)
        #expect(store.outcomes([again]) == [stored])
    }

    @Test("the generation of a key goes on, so that Zizq does not take its next job for a duplicate")
    func generation() throws {
        let letters = try exported([sample(1), sample(2, key: 1)], forgetting: 1)
        let store = try fixture.open()
        _ = try store.importDeadLetter(try #require(letters.last))
        #expect(try store.number("SELECT generation FROM deliveries") == 1)
    }

    @Test("there must be room for the letter, also among the dead letters")
    func room() throws {
        let letters = try exported([sample(1)])
        fixture.configuration.maximumDeadBytes = ByteCount(bytes: 100)
        let store = try fixture.open()
        #expect(throws: OutboxError.refused("outbox.max_dead_bytes is reached")) {
            try store.importDeadLetter(letters[0])
        }
        #expect(store.status.deadLetters == 0)
    }

    @Test("its window begins at the later time of both clocks") func clock() throws {
        let letters = try exported([sample(1)])
        let store = try fixture.open()
        let now = fixture.time.wallMilliseconds()
        fixture.time.setWall(milliseconds: now - 3_600_000)
        _ = try store.importDeadLetter(letters[0])
        #expect(try store.number("SELECT received_at FROM deliveries") == now)
    }
}
