import SluiceBase
import Testing

@testable import SluiceOutbox

struct ReplayTests {
    let fixture = Fixture()
    var time: ManualTime { fixture.time }

    /// Accepts all pending jobs for Zizq.
    ///
    /// - Returns: their types.
    private func drain(_ store: OutboxStore) throws -> [String] {
        time.advance(by: .seconds(1))
        let jobs = try store.pending()
        try store.acknowledge(jobs.map { Acknowledgement(job: $0.id, zizqID: "z\($0.id)") })
        return jobs.map(\.job.type)
    }

    private func range(since: Duration = .seconds(3600), ids: ClosedRange<Int64> = 1...Int64.max) -> ReplayRange {
        let now = time.wallMilliseconds()
        return ReplayRange(delivered: (now - since.wholeMilliseconds)...now, route: nil, ids: ids)
    }

    /// Replays the whole range, and delivers it.
    private func replay(_ store: OutboxStore, _ range: ReplayRange) throws -> [String] {
        time.advance(by: .seconds(1))
        let ids = try store.queries.replayedJobs(range, limit: 500)
        #expect(try store.queries.replayFigures(range).jobs == ids.count)
        #expect(try store.queries.replayFigures(range).lastJob == ids.last ?? 0)
        _ = try store.replay(ids)
        return try drain(store)
    }

    @Test("a repeated replay sends each job once more, and no copies of earlier ones")
    func repeated() throws {
        let store = try fixture.open()
        for number in 1...10 { _ = store.commit([sample(number, at: time, jobs: 2)]) }
        let all = try drain(store)
        #expect(all.count == 20)
        for _ in 1...3 { #expect(try replay(store, range()) == all) }
        #expect(try store.queries.replayFigures(range()).bytes == 20 * 102)
    }

    @Test("a copy directly behind its original is no second job") func directlyBehind() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time)])
        let all = try drain(store)
        for _ in 1...3 { #expect(try replay(store, range()) == all) }
    }

    @Test("a replay that was interrupted sends each job once more when it is repeated")
    func interrupted() throws {
        let store = try fixture.open()
        _ = store.commit((1...10).map { sample($0, at: time) })
        let all = try drain(store)
        time.advance(by: .seconds(1))
        _ = try store.replay(try store.queries.replayedJobs(range(), limit: 4))
        #expect(try drain(store) == Array(all.prefix(4)))
        #expect(try replay(store, range()) == all)
        // From the middle on, the jobs before it still count.
        time.advance(by: .seconds(1))
        #expect(try store.queries.replayedJobs(range(ids: 5...Int64.max), limit: 3) == [5, 6, 7])
        #expect(try store.queries.replayedJobs(range(ids: 9...Int64.max), limit: 500) == [9, 10])
    }

    @Test("of copies whose original is outside of the range one is sent")
    func withoutOriginal() throws {
        let store = try fixture.open()
        _ = store.commit((1...3).map { sample($0, at: time) })
        let all = try drain(store)
        time.advance(by: .seconds(600))
        for _ in 1...2 { #expect(try replay(store, range()) == all) }
        #expect(try replay(store, range(since: .seconds(60))) == all)
    }

    @Test("a job that was put back later is not taken for a copy")
    func putBack() throws {
        let store = try fixture.open()
        _ = store.commit([sample(1, at: time, jobs: 3), sample(2, at: time)])
        try store.park([2], because: .unlicensed)
        #expect(try drain(store) == ["push-1-0", "push-1-2", "push-2-0"])
        time.advance(by: .seconds(1))
        #expect(try store.unpark() == 1)
        #expect(try drain(store) == ["push-1-1"])
        for _ in 1...2 { #expect(try replay(store, range()) == ["push-1-0", "push-1-2", "push-2-0", "push-1-1"]) }
    }

    @Test("equal jobs of one delivery without a key are all sent")
    func equalJobs() throws {
        let store = try fixture.open()
        let others = [part(nil, body: 1, jobs: [job(1), job(1)])]
        _ = store.commit([sample(1, hasKey: false, at: time, others: others), sample(2, at: time)])
        let all = try drain(store)
        #expect(all.count == 4)
        for _ in 1...3 { #expect(try replay(store, range()) == all) }
    }

    @Test("a job whose copy by an earlier replay is still pending or parked is left out, and counted")
    func waitingCopies() throws {
        let store = try fixture.open()
        _ = store.commit((1...10).map { sample($0, at: time) })
        let all = try drain(store)
        time.advance(by: .seconds(1))
        _ = try store.replay(try store.queries.replayedJobs(range(), limit: 4))
        try store.park([11], because: .unlicensed)
        for copied in [4, 10] {
            let figures = try store.queries.replayFigures(range())
            #expect(figures.jobs == 10 - copied && figures.waitingCopies == copied && figures.isWaitingUnknown == false)
            let rest = try store.queries.replayedJobs(range(), limit: 500)
            #expect(rest == (1...10).dropFirst(copied).map(Int64.init))
            _ = try store.replay(rest)
        }
        #expect(try drain(store).count == 9)
        #expect(try store.queries.replayFigures(range()).waitingCopies == 1)
        #expect(try store.unpark() == 1)
        #expect(try drain(store) == ["push-1-0"])
        #expect(try replay(store, range()) == all)
    }

    @Test("an equal job of the same delivery that is not delivered yet is no copy")
    func equalJobWaits() throws {
        let store = try fixture.open()
        _ = store.commit([
            sample(1, hasKey: false, at: time, jobs: 0, others: [part(nil, body: 1, jobs: [job(1), job(1)])])
        ])
        time.advance(by: .seconds(1))
        try store.acknowledge([Acknowledgement(job: 1, zizqID: "z")])
        let figures = try store.queries.replayFigures(range())
        #expect(figures.jobs == 1 && figures.waitingCopies == 0)
    }

    @Test("a copy that was delivered before an older job was is no copy that waits")
    func deliveredCopy() throws {
        let store = try fixture.open()
        _ = store.commit((1...2).map { sample($0, at: time) })
        time.advance(by: .seconds(1))
        try store.acknowledge([Acknowledgement(job: 2, zizqID: "z")])
        _ = try store.replay([2])
        time.advance(by: .seconds(1))
        try store.acknowledge([Acknowledgement(job: 3, zizqID: "z")])
        let figures = try store.queries.replayFigures(range())
        #expect(figures.jobs == 1 && figures.waitingCopies == 0 && figures.lastJob == 2)
    }

    @Test("a replay of one route leaves out the others") func route() throws {
        let store = try fixture.open()
        _ = store.commit((1...6).map { sample($0, at: time, route: $0.isMultiple(of: 3) ? "b" : "a") })
        _ = try drain(store)
        var range = range()
        range.route = "b"
        #expect(try store.queries.replayedJobs(range, limit: 500) == [3, 6])
        #expect(try store.queries.replayFigures(range).jobs == 2)
    }

    @Test("with too many pending jobs to read all of them, that is said")
    func unknownCopies() throws {
        do {
            let store = try fixture.open()
            _ = store.commit((1...3).map { sample($0, at: time) })
            time.advance(by: .seconds(1))
            try store.acknowledge([Acknowledgement(job: 2, zizqID: "z")])
            try store.session.connection.execute("UPDATE jobs SET id = 300000 WHERE id = 3")
            store.close()
        }
        let store = try fixture.open()
        let figures = try store.queries.replayFigures(range())
        #expect(figures.jobs == 1 && figures.isWaitingUnknown == true)
    }
}
