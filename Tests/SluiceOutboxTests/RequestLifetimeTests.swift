import SluiceBase
import Testing

@testable import SluiceOutbox

/// Whatever happens in whatever order: a request is here exactly as long as something needs it, and the figures are
/// those of the tables.
struct RequestLifetimeTests {
    @Test("requests and figures follow from what is here", arguments: 1...16) func requestsFiguresFollow(_ seed: Int)
        throws
    {
        let life = Life(seed: seed)
        for round in 0..<4 {
            // Each round starts with an outbox that is opened again.
            let store = try life.fixture.open()
            for step in 0..<50 {
                try life.step(store)
                try life.check(store, "seed \(seed), step \(round * 50 + step)")
            }
            let copy = try life.fixture.afterCrash()
            try life.check(copy.store, "seed \(seed), round \(round), after a crash")
            store.close()
        }
    }
}

/// An outbox to which anything happens, and what is known of its deliveries.
private final class Life {
    let fixture: Fixture
    private var state: UInt64
    private var number = 0
    /// The deliveries that came with a request.
    private var deliveries: [(rows: ClosedRange<Int64>, bytes: Int, keeps: Bool)] = []

    init(seed: Int) {
        state = UInt64(seed)
        fixture = Fixture {
            $0.keepDelivered = .seconds(20)
            $0.keepDeliveredBytes = seed.isMultiple(of: 2) ? ByteCount(bytes: 6000) : .gibibytes(1)
        }
    }

    /// A number from 0 to below `bound`.
    private func random(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    // MARK: What happens

    func step(_ store: OutboxStore) throws {
        switch random(12) {
        case 0...3: commit(store)
        case 4...5:
            try store.acknowledge(
                try some(store.queries.jobs(.pending).map(\.id)).map { Acknowledgement(job: $0, zizqID: "z") })
        case 6:
            let failed = try some(store.queries.jobs(.pending).map(\.id)).prefix(2)
            try store.deadLetter(failed.map { FailedJob(job: $0, reason: .refusedByZizq, detail: "No.") })
        case 7: try store.park(Array(try some(store.queries.jobs(.pending).map(\.id)).prefix(2)), because: .unlicensed)
        case 8: _ = try store.unpark(limit: 1 + random(3))
        case 9...10: try treatDeadLetter(store)
        default:
            fixture.time.advance(by: .seconds(7))
            for _ in 0..<5 where !store.maintainIdle() { break }
        }
    }

    private func some(_ ids: [Int64]) -> [Int64] { ids.filter { _ in random(3) == 0 } }

    private func commit(_ store: OutboxStore) {
        number += 1
        let parts = (0...random(3)).map { index in
            let letters = (0..<max(0, random(5) - 2)).map {
                DeadLetter(reason: .badField, detail: "No.", share: DeliveryShare(element: $0))
            }
            return part(
                random(4) == 0 ? number - 1 : number * 10 + index,
                jobs: (0..<random(3)).map { job(number, $0, payload: random(300)) },
                deadLetters: letters)
        }
        let request = random(4) == 0 ? nil : [UInt8](repeating: 1, count: 1 + random(3000))
        let keeps = random(3) > 0
        let delivery = Submission(
            Delivery(
                id: "delivery-\(number)", route: "r", receivedAtMilliseconds: fixture.time.wallMilliseconds(),
                dedupeWindow: .seconds(7 * 86400), parts: parts, request: request, keepsRequest: keeps), origin: 0,
            ticket: 0, enqueuedAtNanoseconds: 0)
        let first = store.ledger.nextDelivery
        _ = store.commit([delivery])
        let next = store.ledger.nextDelivery
        if let request, next > first { deliveries.append((first...(next - 1), request.count, keeps)) }
    }

    private func treatDeadLetter(_ store: OutboxStore) throws {
        let letters = try store.queries.deadLetters(after: 0)
        guard !letters.isEmpty else { return }
        let letter = letters[random(letters.count)]
        if letter.holdsJob, random(2) == 0 {
            _ = try store.retryDeadLetter(letter.id)
        } else {
            _ = try store.replaceDeadLetter(letter.id, with: (0..<random(3)).map { job(number, $0) })
        }
    }

    // MARK: What must hold

    func check(_ store: OutboxStore, _ comment: Comment) throws {
        var here: [String] = []
        var undelivered = 0
        var delivered = 0
        for delivery in deliveries {
            let range = "BETWEEN \(delivery.rows.lowerBound) AND \(delivery.rows.upperBound)"
            let lettersWithoutJob = try store.number(
                "SELECT count(*) FROM dead_letters WHERE delivery \(range) AND type IS NULL")
            let held = try store.number(
                "SELECT (SELECT count(*) FROM dead_letters WHERE delivery \(range)) + (SELECT count(*) FROM parked "
                    + "WHERE delivery \(range))"
            )
            let lastJob = try store.number("SELECT ifnull(max(last_job), 0) FROM deliveries WHERE id \(range)")
            guard delivery.keeps ? held > 0 || lastJob >= store.ledger.oldestJob : lettersWithoutJob > 0 else {
                continue
            }
            here.append("\(delivery.rows.lowerBound)-\(delivery.rows.upperBound)")
            if held > 0 || lastJob >= store.ledger.firstPending {
                undelivered += delivery.bytes
            } else {
                delivered += delivery.bytes
            }
        }
        let kept = try store.session.connection.text(
            "SELECT group_concat(delivery || '-' || last_part) FROM (SELECT * FROM requests ORDER BY delivery)")
        #expect(kept ?? "" == here.joined(separator: ","), comment)
        #expect(store.ledger.undeliveredRequests == undelivered, comment)
        #expect(store.ledger.deliveredRequests == delivered, comment)
    }
}
