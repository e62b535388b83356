import SluiceBase
import Testing

@testable import SluiceOutbox

struct FinishedJobsTests {
    @Test("groups agree with a set and its bytes, whatever the order") func model() throws {
        var random = SeededRandom(seed: 7)
        var (jobs, set) = (FinishedJobs(), Set<Int64>())
        var first: Int64 = 1
        for _ in 0..<5000 {
            let id = first + 1 + Int64(random.next() % 60)
            if !set.contains(id) {
                jobs.insert(id, bytes: 10 * id)
                set.insert(id)
            }
            if random.next() % 20 == 0 {
                first = jobs.firstPending(from: first + 1 + Int64(random.next() % 5))
                while set.contains(first) { first += 1 }
                jobs.removeAll(below: first)
                set = set.filter { $0 > first }
            }
            #expect(jobs.count == set.count)
            #expect(jobs.bytes == set.reduce(0) { $0 + 10 * $1 })
            #expect(jobs.groups.flatMap { Array($0.ids) } == set.sorted())
            let waiting = jobs.pending(from: first, below: first + 70).flatMap { Array($0) }
            #expect(waiting == (first..<(first + 70)).filter { !set.contains($0) })
        }
        let written = try #require(jobs.encoded)
        #expect(FinishedJobs(encoded: written) == jobs)
        #expect(FinishedJobs(encoded: Array(written.dropLast())) == nil)
    }

    @Test("while one job is stuck the others do not count as undelivered, also after a restart") func stuck() throws {
        let fixture = Fixture { $0.maximumBytes = ByteCount(bytes: 60 * job(1).byteCost) }
        let store = try fixture.open()
        for start in stride(from: 1, through: 400, by: 40) {
            #expect(
                store.outcomes((start..<(start + 40)).map { sample($0, at: fixture.time) }).allSatisfy { $0 == stored })
            // All but job 3, and the later half of a batch before the earlier one.
            for half in [(start + 20)..<(start + 40), start..<(start + 20)] {
                let jobs = half.filter { $0 != 3 }.map { Acknowledgement(job: Int64($0), zizqID: "z") }
                try store.acknowledge(jobs)
            }
        }
        #expect(store.status.pendingJobs == 1)
        #expect(store.status.undeliveredBytes == job(3).byteCost)
        #expect(store.status.condition == .storing)
        let crashed = try fixture.afterCrash().store
        #expect(crashed.ledger.finished == store.ledger.finished)
        #expect(crashed.status.undeliveredBytes == job(3).byteCost)
        // As an earlier format has left it.
        try store.session.connection.execute("UPDATE progress SET finished = NULL, checksum = NULL")
        let older = try fixture.afterCrash().store
        #expect(older.ledger.finished == store.ledger.finished)
        try store.acknowledge([Acknowledgement(job: 3, zizqID: "z")])
        #expect(store.status.pendingJobs == 0 && store.status.undeliveredBytes == 0)
        #expect(store.ledger.finished.isEmpty)
    }

    @Test("parked and dead jobs behind a stuck one count once") func parkedDead() throws {
        let fixture = Fixture()
        let store = try fixture.open()
        _ = store.commit((1...10).map { sample($0, at: fixture.time) })
        try store.park([5, 10], because: .unlicensed)
        try store.deadLetter([FailedJob(job: 7, reason: .badField, detail: "No.")])
        let bytes = Int64(job(1).byteCost)
        #expect(store.ledger.finished.bytes == Int64(job(5).byteCost + job(7).byteCost + job(10).byteCost))
        #expect(store.status.pendingJobs == 7)
        #expect(
            Int64(store.status.undeliveredBytes) == 8 * bytes + Int64(job(10).byteCost) + store.ledger.deadLetterBytes)
        let crashed = try fixture.afterCrash().store
        #expect(crashed.status.undeliveredBytes == store.status.undeliveredBytes)
    }
}
