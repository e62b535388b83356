import SluiceBase
import Testing

@testable import SluiceOutbox

/// What a salvage lists as lost.
struct LostJobsTests {
    private let fixture = Fixture()
    private let start: Int64 = 1_700_000_000_000
    private let words = "deliveries that lost their record and jobs or dead letters"

    /// An outbox with ten deliveries of one job each, and what SQL leaves of it, whose tables have gaps.
    private func lost(_ sql: String) throws -> (jobs: LostJobs, store: OutboxStore) {
        let store = try fixture.open()
        _ = store.commit((1...10).map { sample($0, at: fixture.time) })
        let connection = store.session.connection
        try connection.execute(sql)
        var report = SalvageReport()
        report.tables = [SalvageReport.Table(name: "jobs", saved: 7, gaps: 1)]
        return (try LostJobs(in: connection, of: connection, report), store)
    }

    /// Reads deliveries in their order, a minute apart.
    private func read(_ rows: [(row: Int64, job: Int64, problems: Int)], by jobs: inout LostJobs) {
        for (row, job, problems) in rows {
            jobs.reached(row: row, received: start + row * 60_000, lastJob: job, problems: problems)
            _ = jobs.isLost(row: row, lastJob: job)
        }
    }

    private func time(_ row: Int64) -> String { TimestampText.format(milliseconds: start + row * 60_000) }

    @Test("deliveries that cannot be read are counted between those that can, if jobs are missing there")
    func between() throws {
        var (jobs, _) = try lost("DELETE FROM jobs WHERE id BETWEEN 4 AND 6")
        read([(1, 1, 0), (2, 2, 0), (3, 3, 0), (7, 7, 1)], by: &jobs)
        // Here no job is missing.
        read([(9, 9, 2), (10, 10, 2)], by: &jobs)
        #expect(
            jobs.stretches == ["# received between \(time(3)) and \(time(7)): up to 3 \(words)"])
        jobs.finish(problems: 2)
        #expect(jobs.stretches.count == 1)
        jobs.finish(problems: 3)
        #expect(jobs.stretches.last == "# received after \(time(10)): \(words)")
    }

    @Test("gaps around a delivery without a job are one")
    func twoGaps() throws {
        var (jobs, _) = try lost("DELETE FROM jobs WHERE id BETWEEN 4 AND 6")
        read([(3, 3, 0), (5, 0, 1), (8, 7, 2)], by: &jobs)
        #expect(
            jobs.stretches == ["# received between \(time(3)) and \(time(8)): up to 3 \(words)"])
    }

    @Test("before the first delivery that can be read there is only its time")
    func before() throws {
        var (jobs, _) = try lost("DELETE FROM jobs WHERE id < 4")
        read([(4, 4, 1)], by: &jobs)
        #expect(jobs.stretches == ["# received before \(time(4)): up to 3 \(words)"])
    }

    @Test("rows that have expired between two deliveries are not lost ones")
    func expired() throws {
        var (jobs, _) = try lost("DELETE FROM jobs WHERE id BETWEEN 4 AND 6")
        read([(3, 3, 0), (7, 7, 0)], by: &jobs)
        jobs.finish(problems: 0)
        #expect(jobs.stretches.isEmpty)
    }

    @Test("saved jobs without their delivery are listed with their key, parked ones as well, if they have one")
    func withoutDelivery() throws {
        var (jobs, store) = try lost(
            "DELETE FROM deliveries WHERE id > 7; UPDATE jobs SET unique_key = NULL WHERE id = 9")
        try store.park([10], because: .unlicensed)
        try jobs.noteJobsWithoutDelivery(in: store.session.connection)
        #expect(jobs.withoutDelivery == 2)
        let at = TimestampText.format(milliseconds: fixture.time.wallMilliseconds())
        #expect(
            jobs.keys == [8, 10].map { "# job \($0), stored \(at): the key github:\($0) is not remembered" })
    }

    @Test("an imported dead letter without its delivery is listed with its own number")
    func importedLetter() throws {
        let letter =
            "INSERT INTO dead_letters (delivery, died_at, reason, detail, bytes, type, unique_key) VALUES (9, \(start)"
        var (jobs, store) = try lost(
            "DELETE FROM deliveries WHERE id = 9; DELETE FROM jobs WHERE id = 9; "
                + "\(letter), 'bad_field', '', 0, 'push', 'github:9')")
        try jobs.noteJobsWithoutDelivery(in: store.session.connection)
        let at = TimestampText.format(milliseconds: start)
        #expect(jobs.keys == ["# dead letter 1, stored \(at): the key github:9 is not remembered"])
    }
}
