import SluiceBase
import Testing

@testable import SluiceOutbox

/// The results of a delivery, found by the id in its answer.
struct RequestSearchTests {
    let fixture = Fixture { $0.keepDelivered = .seconds(600) }
    var time: ManualTime { fixture.time }

    /// An id as the gateway makes it.
    private func id(_ milliseconds: Int64, _ number: Int = 0) -> String {
        let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        func text(_ value: Int, _ count: Int) -> String {
            String((0..<count).reversed().map { digits[value >> (5 * $0) & 31] })
        }
        return text(Int(milliseconds), 10) + "ABCD" + text(number, 12)
    }

    private func delivery(
        _ deliveryID: String, receivedAt: Int64? = nil, parts: [Delivery.Part], request: [UInt8]? = nil,
        keepsRequest: Bool = true
    ) -> Submission {
        Submission(
            Delivery(
                id: deliveryID, route: "adyen", receivedAtMilliseconds: receivedAt ?? time.wallMilliseconds(),
                dedupeWindow: .seconds(60), parts: parts, request: request, keepsRequest: keepsRequest), origin: 0,
            ticket: 0, enqueuedAtNanoseconds: 0)
    }

    private func search(_ store: OutboxStore, blindly rows: Int64 = 0) -> DeliverySearch {
        DeliverySearch(connection: store.session.connection, rowsWithoutTime: rows)
    }

    @Test("a delivery is shown with its request and what became of it") func deliveryShownRequest() throws {
        let store = try fixture.open()
        let letter = DeadLetter(reason: .badField, detail: "No.", share: DeliveryShare(element: 2, rule: 0))
        let wanted = id(time.wallMilliseconds(), 5)
        _ = store.commit([
            delivery(id(time.wallMilliseconds(), 4), parts: [part(1, jobs: [job(1)])], request: [4]),
            delivery(
                wanted,
                parts: [
                    part(2, jobs: [job(2, 0), job(2, 1)]), part(1), part(3, jobs: [job(3)], deadLetters: [letter]),
                ],
                request: [1, 2, 3]),
            delivery(id(time.wallMilliseconds(), 6), parts: [part(4, jobs: [job(4)])], request: [6]),
        ])
        try store.acknowledge([Acknowledgement(job: 2, zizqID: "z2")])
        try store.deadLetter([FailedJob(job: 3, reason: .refusedByZizq, detail: "No.")])
        try store.park([4], because: .unlicensed)
        let reader = try OutboxReader(fixture.configuration)
        defer { reader.close() }
        let found = try #require(try reader.queries.request(ofDelivery: wanted))
        #expect(
            (found.deliveryID, found.route, found.receivedAtMilliseconds) == (wanted, "adyen", time.wallMilliseconds()))
        #expect(found.request == [1, 2, 3])
        // The part that was a duplicate is not remembered.
        #expect(found.parts.map(\.id) == [2, 3])
        #expect(found.jobs.map(\.id) == [2, 4])
        #expect(found.jobs.map(\.state) == [.delivered, .parked])
        #expect(found.jobs.map(\.zizqID) == ["z2", nil])
        #expect(found.deadLetters.map(\.jobType) == [nil, "push-2-1"])
        // Retried, it is the delivery's last job, before which others lie.
        _ = store.commit([sample(9, at: time)])
        let retried = try store.retryDeadLetter(2)
        #expect(try store.queries.request(ofDelivery: wanted)?.jobs.map(\.id) == [2, 4, retried])
        #expect(try store.queries.request(ofDelivery: wanted)?.deadLetters.map(\.element) == [2])
    }

    @Test("a delivery without a kept request is still shown") func deliveryWithoutKept() throws {
        let store = try fixture.open()
        let wanted = id(time.wallMilliseconds())
        _ = store.commit([
            sample(1, at: time), delivery(wanted, parts: [part(2, jobs: [job(2, 0), job(2, 1)])], keepsRequest: false),
        ])
        let found = try #require(try store.queries.request(ofDelivery: wanted))
        #expect(found.request == nil)
        #expect(found.jobs.map(\.id) == [2, 3])
        #expect(try store.queries.request(ofDelivery: id(time.wallMilliseconds(), 1)) == nil)
    }

    @Test("an empty outbox knows no delivery") func emptyOutboxKnows() throws {
        let store = try fixture.open()
        #expect(try store.queries.request(ofDelivery: id(1)) == nil)
        #expect(try store.queries.request(ofDelivery: "") == nil)
    }

    /// The search by time alone, with rows missing, and out of order as those of several loops are.
    @Test("the time in an id leads to its rows however many there are") func timeIdLeads() throws {
        let store = try fixture.open()
        let start = time.wallMilliseconds()
        var ids: [String] = []
        var batch: [Submission] = []
        for number in 0..<3000 {
            let receivedAt = start + Int64(number * 500) - (number % 3 == 0 ? 900 : 0)
            ids.append(id(receivedAt, number))
            batch.append(
                delivery(
                    ids[number], receivedAt: receivedAt, parts: [part(3 * number), part(3 * number + 1), part(nil)]))
        }
        _ = store.commit(batch)
        try store.session.connection.execute("DELETE FROM deliveries WHERE id % 7 = 0 OR id BETWEEN 2000 AND 3500")
        for number in stride(from: 0, to: 3000, by: 17) {
            let rows = (3 * number + 1...3 * number + 3).map(Int64.init).filter {
                $0 % 7 != 0 && !(2000...3500).contains($0)
            }
            let found = try search(store).rows(of: ids[number])
            #expect(
                found.map { [$0.lowerBound, $0.upperBound] } == rows.first.map { [$0, rows.last ?? $0] }, "\(number)")
        }
        #expect(try search(store).rows(of: id(start - 1_000_000)) == nil)
        #expect(try search(store).rows(of: id(start + 9_000_000)) == nil)
        #expect(try search(store).rows(of: id(start, 99)) == nil)
    }

    @Test("an id made while the clock was set back is looked for among the newest rows") func idMadeWhile() throws {
        let store = try fixture.open()
        let now = time.wallMilliseconds()
        let ahead = id(now + 3_600_000)
        _ = store.commit([
            delivery(ahead, parts: [part(1)]), delivery("delivery-2", parts: [part(2)]),
            delivery(id(now), parts: [part(3)]),
        ])
        #expect(try search(store, blindly: 3).rows(of: ahead) == 1...1)
        #expect(try search(store, blindly: 2).rows(of: "delivery-2") == 2...2)
        #expect(try search(store, blindly: 2).rows(of: ahead) == nil)
        #expect(try search(store).rows(of: id(now)) == 3...3)
    }

    @Test(
        "the first ten digits of an id are its time",
        arguments: [
            ("01M84THKDB0ARZ4MHSCJWM41DA", 1_795_458_387_371), ("7ZZZZZZZZZ0ARZ4MHSCJWM41DA", 281_474_976_710_655),
            ("8000000000ZZZZZZZZZZZZZZZZ", nil), ("01m84thkdb0arz4mhscjwm41da", nil), ("01M84THKDB", nil),
            ("delivery-1", nil), ("", nil),
        ] as [(String, Int64?)])
    func firstTenDigits(_ id: String, _ milliseconds: Int64?) {
        #expect(DeliverySearch.milliseconds(ofID: id) == milliseconds)
    }
}
