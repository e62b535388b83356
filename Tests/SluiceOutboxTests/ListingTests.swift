import CSluiceSQLite
import SluiceBase
import Testing

@testable import SluiceOutbox

struct ListingTests {
    let fixture = Fixture()
    var time: ManualTime { fixture.time }

    @Test("pages follow one another by key") func pagesFollowOne() throws {
        let store = try fixture.open()
        _ = store.commit((1...1100).map { sample($0, at: time, jobs: 1, payload: 10) })
        var after: Int64 = 0
        var sizes: [Int] = []
        while let last = try store.queries.jobs(.pending, after: after).last {
            sizes.append(Int(last.id - after))
            after = last.id
        }
        #expect(sizes == [500, 500, 100])
        #expect(try store.queries.jobs(.pending, after: 1090, limit: 5).map(\.id) == [1091, 1092, 1093, 1094, 1095])
        #expect(try store.queries.deliveries(after: 1098).map(\.deliveryID) == ["delivery-1099", "delivery-1100"])
    }

    @Test("a job is shown in every state with its delivery") func jobShownEvery() throws {
        let store = try fixture.open()
        _ = store.commit((1...3).map { sample($0, at: time) })
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z1")])
        try store.park([2], because: .unlicensed)
        for (id, state) in [(1, JobState.delivered), (2, .parked), (3, .pending)] {
            let content = try #require(try store.queries.job(Int64(id)))
            #expect(content.listing.state == state)
            #expect(content.listing.deliveryID == "delivery-\(id)")
            #expect(content.listing.route == "github")
            #expect(content.listing.receivedAtMilliseconds == time.wallMilliseconds())
            #expect(content.job == job(id))
            #expect(content.listing.payloadBytes == 102)
            #expect(content.isIntact)
        }
        #expect(try store.queries.job(4) == nil)
        #expect(try store.queries.job(.min) == nil && store.queries.job(.max) == nil)
        #expect(try store.queries.deadLetter(.min) == nil)
        #expect(try store.queries.deadLetter(1) == nil)
    }

    @Test("a list reads what it shows and not what lies before it") func listReadsShows() throws {
        fixture.configuration.keepDelivered = .seconds(3600)
        let store = try fixture.open()
        for start in stride(from: 1, through: 20_000, by: 1000) {
            _ = store.commit((start..<(start + 1000)).map { sample($0, at: time, payload: 10) })
        }
        try store.acknowledge((1...10_000).map { Acknowledgement(job: $0, zizqID: "z\($0)") })
        #expect(try store.queries.jobs(.pending, limit: 1).first?.id == 10_001)
        #expect(try store.queries.jobs(.delivered, after: 9_999, limit: 500).map(\.id) == [10_000])
        // The ten thousand jobs of the other state take no step of SQLite's machine.
        for (state, after) in [(JobState.pending, 0), (.delivered, 0), (.delivered, 10_000)] as [(JobState, Int64)] {
            #expect(try steps(Queries.jobs(state, .after), id: after) < 2000, "\(state) after \(after)")
            #expect(try steps(Queries.jobs(state, .exactly), id: 5000) < 2000, "\(state), one job")
        }
    }

    /// How many steps of SQLite's virtual machine a query with a limit of 10 takes (SQLITE_STMTSTATUS_VM_STEP).
    private func steps(_ sql: String, id: Int64) throws -> Int32 {
        var handle: OpaquePointer?
        var statement: OpaquePointer?
        try #require(
            unsafe sqlite3_open_v2(fixture.configuration.path, &handle, SQLITE_OPEN_READONLY, nil) == SQLITE_OK)
        defer { unsafe sqlite3_close_v2(handle) }
        try #require(unsafe sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK)
        defer { unsafe sqlite3_finalize(statement) }
        unsafe sqlite3_bind_int64(statement, 1, id)
        unsafe sqlite3_bind_int64(statement, 2, 10)
        while unsafe sqlite3_step(statement) == SQLITE_ROW {}
        return unsafe sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 0)
    }

    @Test("a delivery is listed with its expiry and key") func deliveryListedExpiry() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time, window: .seconds(60)), sample(2, hasKey: false, at: time)])
        let listed = try store.queries.deliveries(after: 0)
        #expect(listed[0].expiresAtMilliseconds == time.wallMilliseconds() + 60_000)
        #expect(listed[0].keyPrefix == Hex.encode(Fingerprint(number: 1).bytes.prefix(8)))
        #expect(listed[1].keyPrefix == nil)
    }

    @Test("dead letters are listed oldest first") func deadLettersListed() throws {
        let store = try fixture.open()
        let letter = DeadLetter(reason: .noMatchingRule, detail: "No rule matched.")
        _ = store.commit((1...3).map { sample($0, at: time, jobs: 0, deadLetters: [letter]) })
        #expect(try store.queries.deadLetters(after: 0, limit: 2).map(\.id) == [1, 2])
        #expect(try store.queries.deadLetters(after: 2).map(\.deliveryID) == ["delivery-3"])
        let second = try #require(try store.queries.deadLetter(2))
        #expect(second.letter == (try store.queries.deadLetters(after: 1)[0]))
        #expect(!second.isIntact && second.job == nil && second.request == nil)
    }
}
