import Logging
import SluiceBase
import Synchronization
import Testing

@testable import SluiceOutbox

/// Requests whose signature no secret matches, in the outbox and in its figures.
struct QuarantineTests {
    let fixture = Fixture()
    private var time: ManualTime { fixture.time }

    private func request(
        _ number: Int, route: String = "github", from sender: UInt8 = 1, keep: Duration = .seconds(3600)
    ) -> QuarantinedRequest {
        let now = time.wallMilliseconds()
        return QuarantinedRequest(
            route: route, receivedAtMilliseconds: now, expiresAtMilliseconds: now + keep.wholeMilliseconds,
            sender: PeerAddress(ipv4: (192, 0, 2, sender), port: 0), reason: "no match", bytes: [UInt8(number), 2, 3])
    }

    /// Keeps requests that take their places first.
    private func keep(_ requests: [QuarantinedRequest], in store: OutboxStore) -> Bool {
        for request in requests {
            #expect(store.quarantine.reserve(QuarantineCharge(request), limits: QuarantineLimits()) == nil)
        }
        return store.keepQuarantined(requests)
    }

    private func ids(_ store: OutboxStore, route: String? = nil) throws -> [Int64] {
        try store.queries.quarantined(QuarantineRange(route: route)).map(\.id)
    }

    // MARK: - Figures

    private func place(_ sender: PeerAddress, bytes: Int = 1, route: String = "a") -> QuarantineCharge {
        QuarantineCharge(route: route, sender: sender, bytes: bytes)
    }

    private func ipv6(_ last: UInt8, network: UInt8 = 0) -> PeerAddress {
        var address = SIMD16<UInt8>(repeating: 0)
        (address[0], address[1], address[7], address[15]) = (0x20, 0x01, network, last)
        return PeerAddress(address: address, port: 1)
    }

    @Test("each bound refuses the newcomer by its own reason, with those on their way counted")
    func bounds() {
        let figures = QuarantineFigures(limit: ByteCount(bytes: 6 * 513))
        var limits = QuarantineLimits()
        (limits.maxRequests, limits.maxPerAddress, limits.maxBytes) = (4, 2, ByteCount(bytes: 2000))
        let (one, two) = (PeerAddress(ipv4: (1, 1, 1, 1), port: 1), PeerAddress(ipv4: (1, 1, 1, 2), port: 2))
        #expect(figures.reserve(place(one), limits: limits) == nil)
        #expect(figures.reserve(place(one), limits: limits) == nil)
        #expect(figures.reserve(place(one), limits: limits) == .addressFull)
        #expect(figures.reserve(place(two), limits: limits) == nil)
        #expect(figures.reserve(place(two), limits: limits) == .routeFull)
        limits.maxBytes = ByteCount(bytes: 1 << 20)
        #expect(figures.reserve(place(two), limits: limits) == nil)
        let three = PeerAddress(ipv4: (1, 1, 1, 3), port: 2)
        #expect(figures.reserve(place(three), limits: limits) == .routeFull)
        #expect(figures.reserve(place(three, route: "b"), limits: limits) == nil)
        #expect(figures.reserve(place(three, bytes: 2, route: "b"), limits: limits) == .quarantineFull)
        #expect(figures.reserve(place(three, route: "b"), limits: limits) == nil)
        #expect(figures.sum == .init())
        figures.settle(place(one), isKept: true)
        figures.settle(place(two), isKept: false)
        #expect(figures.sum.requests == 1 && figures.sum.bytes == 513)
        #expect(figures.reserve(place(two), limits: limits) == nil)
        figures.remove(place(one))
        #expect(figures.routes.isEmpty)
    }

    @Test("the addresses of an IPv6 network count as one")
    func networks() {
        let figures = QuarantineFigures(limit: .mebibytes(1))
        var limits = QuarantineLimits()
        limits.maxPerAddress = 2
        #expect(figures.reserve(place(ipv6(1)), limits: limits) == nil)
        #expect(figures.reserve(place(ipv6(2)), limits: limits) == nil)
        #expect(figures.reserve(place(ipv6(3)), limits: limits) == .addressFull)
        #expect(figures.reserve(place(ipv6(3, network: 1)), limits: limits) == nil)
    }

    // MARK: - The outbox

    @Test("what is kept is listed, counted, and there again after a start with the same figures")
    func kept() throws {
        var sum = QuarantineFigures.Sum()
        do {
            let store = try fixture.open()
            #expect(keep([request(1), request(2, route: "b", from: 2), request(3)], in: store))
            let first = try #require(try store.queries.quarantined(1))
            #expect(first.isIntact && first.request == [1, 2, 3] && first.listing.reason == "no match")
            #expect(first.listing.sender.description == "192.0.2.1")
            #expect(try ids(store, route: "github") == [1, 3])
            sum = store.quarantine.sum(ofRoute: "github")
            #expect(sum.requests == 2 && sum.bytes == 2 * 515)
            store.close()
        }
        let again = try fixture.open()
        #expect(again.quarantine.sum(ofRoute: "github") == sum)
        #expect(again.quarantine.routes == ["b", "github"])
        #expect(try again.queries.lastQuarantined() == 3)
        var limits = QuarantineLimits()
        limits.maxPerAddress = 2
        #expect(again.quarantine.reserve(QuarantineCharge(request(4)), limits: limits) == .addressFull)
    }

    @Test("a delivery and the removal of its request are one transaction; a refused one leaves the request")
    func commit() throws {
        let store = try fixture.open()
        #expect(keep([request(1), request(2), request(3)], in: store))
        #expect(try store.commitQuarantined(1, sample(1, at: time)) == stored)
        let again = try store.commitQuarantined(2, sample(1, at: time))
        #expect(again == .duplicate(firstDeliveryID: "delivery-1", changedBody: false))
        #expect(try ids(store) == [3])
        #expect(throws: OutboxError.notFound) { try store.commitQuarantined(1, sample(2, at: time)) }
        #expect(try store.commitQuarantined(3, sample(3, at: time)) == stored)
        #expect(store.quarantine.sum.requests == 0)
        #expect(try store.pending().count == 2)
    }

    @Test("requests that wait for their turn to be stored are stored for a person who asks")
    func storedWhenAsked() async throws {
        let writer = try OutboxWriter(
            fixture.configuration, time: time, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { _, _ in }
        let answers = Answers()
        for number in 1...3 {
            let request = self.request(number)
            #expect(writer.quarantine.reserve(QuarantineCharge(request), limits: QuarantineLimits()) == nil)
            writer.keep(request) { answers.add($0) }
            // Nobody moves the clock: after the first one, the next turn never comes.
            while answers.all.isEmpty { await Task.yield() }
        }
        try await writer.storeQuarantined()
        #expect(answers.all == [nil, nil, nil])
        let last = try await writer.perform { store throws(OutboxError) in
            try store.read { rows throws(SQLiteError) in try rows.lastQuarantined() }
        }
        #expect(last == 3)
        await writer.close()
    }

    @Test("at no write can a crash leave both the job and the request, or neither")
    func crash() throws {
        let store = try fixture.open()
        #expect(keep([request(1)], in: store))
        _ = try store.commitQuarantined(1, sample(1, at: time))
        let length = fixture.folder.read("outbox.db-wal").count
        for cut in stride(from: 0, through: length, by: 2048) {
            let (crashed, copy) = try fixture.afterCrash { $0 = Array($0.prefix(cut)) }
            defer { crashed.close() }
            let (requests, jobs) = try (ids(crashed).count, crashed.pending().count)
            if requests + jobs == 0 {
                // From before the request was kept.
                #expect(try crashed.number("SELECT count(*) FROM sqlite_sequence WHERE name = 'quarantine'") == 0)
            }
            #expect(requests + jobs <= 1, "\(cut)")
            withExtendedLifetime(copy) {}
        }
        #expect(try ids(store).isEmpty)
        #expect(try store.pending().count == 1)
    }

    @Test("a delivery that does not fit leaves its request in the quarantine")
    func full() throws {
        let fixture = Fixture { $0.maximumBytes = ByteCount(bytes: 1000) }
        let store = try fixture.open()
        let request = request(1)
        #expect(store.quarantine.reserve(QuarantineCharge(request), limits: QuarantineLimits()) == nil)
        #expect(store.keepQuarantined([request]))
        let large = sample(1, at: fixture.time, payload: 2000)
        #expect(try store.commitQuarantined(1, large) == .refused(.outboxFull))
        #expect(try store.queries.quarantined(1) != nil)
        #expect(store.quarantine.sum.requests == 1)
    }

    @Test("a full outbox keeps nothing, and the places are free again")
    func fullOutbox() throws {
        let fixture = Fixture { $0.maximumBytes = ByteCount(bytes: 1000) }
        let store = try fixture.open()
        #expect(store.outcomes([sample(1, at: fixture.time, payload: 700)]) == [stored])
        #expect(store.outcomes([sample(2, at: fixture.time, payload: 700)]) == [.refused(.outboxFull)])
        #expect(!keep([request(1)], in: store))
        #expect(store.quarantine.sum.requests == 0 && store.quarantine.routes.isEmpty)
        #expect(try ids(store).isEmpty)
    }

    @Test("requests are removed when their time is over, in steps, and not while the clock is not trusted")
    func expiry() throws {
        let store = try fixture.open()
        #expect(keep((1...250).map { request($0 % 250, route: "r\($0 % 2)", keep: .seconds(60)) }, in: store))
        #expect(keep([request(0, keep: .seconds(90))], in: store))
        while store.maintainIdle() {}
        #expect(try ids(store).count == 251)
        // The wall clock alone goes on.
        time.setWall(milliseconds: time.wallMilliseconds() + 3_600_000)
        while store.maintainIdle() {}
        #expect(try ids(store).count == 251)
        time.setWall(milliseconds: time.wallMilliseconds() - 3_600_000)
        time.advance(by: .seconds(61))
        #expect(try store.expireQuarantined())
        #expect(store.quarantine.sum.requests == 51)
        while store.maintainIdle() {}
        #expect(try ids(store) == [251])
        #expect(store.quarantine.sum.requests == 1)
    }

    @Test("what was kept before a start is removed after it when its time is over") func expiryAfterStart() throws {
        do {
            let before = try fixture.open()
            #expect(keep([request(1, keep: .seconds(60))], in: before))
            before.close()
        }
        let store = try fixture.open()
        #expect(try ids(store) == [1])
        time.advance(by: .seconds(61))
        while store.maintainIdle() {}
        #expect(try ids(store).isEmpty)
    }

    @Test("requests of a start with a clock a year ahead count as received at the next start")
    func expiryAfterWrongClock() throws {
        let (now, year) = (time.wallMilliseconds(), Int64(365 * 86_400_000))
        do {
            time.setWall(milliseconds: now + year)
            let ahead = try fixture.open()
            #expect(keep((1...250).map { request($0, route: "r\($0 % 2)", keep: .seconds(60)) }, in: ahead))
            ahead.close()
        }
        time.setWall(milliseconds: now)
        let store = try fixture.open()
        // One whose time is longer is not removed with them.
        #expect(keep([request(0, keep: .seconds(90))], in: store))
        time.advance(by: .seconds(59))
        while store.maintainIdle() {}
        #expect(try ids(store).count == 251)
        time.advance(by: .seconds(2))
        while store.maintainIdle() {}
        #expect(try ids(store) == [251])
        #expect(store.quarantine.sum.requests == 1)
        time.advance(by: .seconds(30))
        while store.maintainIdle() {}
        #expect(try ids(store).isEmpty && store.quarantineExpiry == nil)
    }

    @Test("a start with a clock a year ahead removes nothing before the clock is corrected") func clockAhead() throws {
        do {
            let store = try fixture.open()
            #expect(keep([request(1)], in: store))
            store.close()
        }
        let now = time.wallMilliseconds()
        time.setWall(milliseconds: now + 365 * 86_400_000)
        let store = try fixture.open()
        while store.maintainIdle() {}
        #expect(try ids(store) == [1])
        time.setWall(milliseconds: now)
        time.advance(by: .seconds(3590))
        while store.maintainIdle() {}
        #expect(try ids(store) == [1])
        time.advance(by: .seconds(10))
        while store.maintainIdle() {}
        #expect(try ids(store).isEmpty)
    }

    @Test("a start with a clock a year behind removes nothing, nor does the next one") func clockBehind() throws {
        let now = time.wallMilliseconds()
        for wall in [now, now - 365 * 86_400_000, now] {
            time.setWall(milliseconds: wall)
            let store = try fixture.open()
            if try ids(store).isEmpty { #expect(keep([request(1)], in: store)) }
            while store.maintainIdle() {}
            #expect(try ids(store) == [1])
            store.close()
        }
    }

    @Test("dropping takes one route, or a stretch of numbers, in steps")
    func drop() throws {
        let store = try fixture.open()
        #expect(keep((1...300).map { request($0 % 250, route: "r\($0 % 3)", from: UInt8($0 % 200)) }, in: store))
        var range = QuarantineRange(route: "r1", ids: 1...300)
        var dropped = 0
        while true {
            let (count, next) = try store.dropQuarantined(range)
            dropped += count
            guard let next else { break }
            range.ids = next...300
        }
        #expect(dropped == 100)
        #expect(try store.dropQuarantined(QuarantineRange(ids: 2...2)).dropped == 1)
        #expect(try store.dropQuarantined(QuarantineRange(ids: 2...2)).dropped == 0)
        let step = try store.dropQuarantined(QuarantineRange())
        #expect(step.dropped == 199 && step.next == 301)
        #expect(try store.dropQuarantined(QuarantineRange(ids: 301...Int64.max)).next == nil)
        #expect(store.quarantine.sum.requests == 0)
    }

    @Test("bytes that were changed on the disk are known")
    func damaged() throws {
        let store = try fixture.open()
        #expect(keep([request(1)], in: store))
        try store.session.connection.execute("UPDATE quarantine SET request = x'00'")
        #expect(try store.queries.quarantined(1)?.isIntact == false)
    }

    // MARK: - The writer

    @Test("the writer keeps what is handed in, also while it stops, and refuses more than 32 at once")
    func writer() async throws {
        var log = Logger(label: "test")
        log.logLevel = .critical
        let writer = try OutboxWriter(fixture.configuration, time: time, log: log) { _, _ in }
        let answers = Answers()
        let requests = (1...40).map { request($0) }
        let first = request(0)
        #expect(writer.quarantine.reserve(QuarantineCharge(first), limits: QuarantineLimits()) == nil)
        writer.keep(first) { answers.add($0) }
        while answers.all.isEmpty { await Task.yield() }
        // The next ones must wait for their turn, unless the writer closes.
        try await writer.perform { store throws(OutboxError) in
            // The writer's thread is here: nothing is taken out meanwhile.
            for request in requests {
                _ = store.quarantine.reserve(QuarantineCharge(request), limits: QuarantineLimits())
                writer.keep(request) { answers.add($0) }
            }
        }
        await writer.close()
        let all = answers.all
        #expect(all.count == 41 && all.count { $0 == nil } == 33 && all.count { $0 == .busy } == 8)
        #expect(writer.quarantine.sum.requests == 33)
        #expect(try ids(try fixture.open()).count == 33)
    }
}

/// What the writer has said of each request.
private final class Answers: Sendable {
    private let answers = Mutex<[QuarantineRefusal?]>([])

    var all: [QuarantineRefusal?] { answers.withLock { $0 } }

    func add(_ answer: QuarantineRefusal?) { answers.withLock { $0.append(answer) } }
}
