import SluiceBase
import Testing

@testable import SluiceOutbox

/// Salvages that do not know which jobs were finished, or read it from wrong rows.
struct SalvageProgressTests {
    private let fixture = Fixture()

    private func delivered(_ ids: ClosedRange<Int64>) -> [Acknowledgement] {
        ids.map { Acknowledgement(job: $0, zizqID: "z\($0)") }
    }

    @Test(
        "jobs that are lost in front of all saved ones are listed, whatever else is damaged",
        arguments: ["parked", "dead_letters", "progress"])
    func lostFront(table: String) throws {
        try fixture.fill(1...200)
        try fixture.damage("push-1-0")
        try fixture.damageRoot(of: table, isInner: false)
        let report = try fixture.salvage()
        let store = try fixture.open()
        let lost = Array(1...(200 - store.status.pendingJobs))
        #expect(listed(report) == lost && report.lostDeliveries == lost.count)
        // Finished jobs cannot be told from lost ones.
        let isUnknown = fixture.list(report).contains { $0.hasPrefix("# it is not known which jobs were finished") }
        #expect(isUnknown == (table == "progress"))
        #expect(fixture.accepted(store, 1...200) == lost)
    }

    /// The numbers of the deliveries that are listed as lost.
    private func listed(_ report: SalvageReport) -> [Int] {
        fixture.list(report).compactMap { Int($0.prefix { $0 != " " }.dropFirst("delivery-".count)) }
    }

    @Test("if it is unknown which jobs were finished, no more are listed than the damaged pages can have")
    func unknownProgress() throws {
        fixture.configuration.keepDelivered = .zero
        for start in [1, 1001, 2001] { try fixture.fill(start...(start + 999)) }
        do {
            let before = try fixture.open()
            try before.deadLetter([FailedJob(job: 1, reason: .badField, detail: "No.")])
            try before.acknowledge(delivered(2...2500))
            fixture.time.advance(by: .seconds(1))
            while before.maintainIdle() {}
            before.close()
        }
        try fixture.damageRoot(of: "progress", isInner: false)
        #expect(try fixture.salvage().lostDeliveries == 0)
        try fixture.damage("push-2501-0")
        try fixture.damageRoot(of: "progress", isInner: false)
        let report = try fixture.salvage()
        let lost = 500 - (try fixture.open().status.pendingJobs)
        #expect(lost > 0)
        #expect(Set(listed(report)).isSuperset(of: 2501...(2500 + lost)))
        // Of a page of jobs, and of one above it.
        #expect(report.lostDeliveries <= 1000)
    }

    @Test(
        "a job that was not finished is sent although a damaged row says that it was delivered",
        arguments: [false, true])
    func wrongDelivered(isSalvaged: Bool) throws {
        try fixture.fill(1...70)
        do {
            let before = try fixture.open()
            try before.acknowledge(delivered(1...30))
            try before.session.connection.execute("UPDATE delivered SET job = 46 WHERE job = 30")
            before.close()
        }
        if isSalvaged {
            try fixture.damageRoot(of: "quarantine", isInner: false)
            _ = try fixture.salvage()
        }
        let store = try fixture.open()
        // After a salvage nothing says that the job was delivered whose row it was.
        let first: Int64 = isSalvaged ? 30 : 31
        let jobs = try store.pending().map(\.id)
        #expect(jobs == Array(first...70) && store.status.pendingJobs == jobs.count)
        try store.acknowledge(delivered(first...70))
        #expect(store.status.pendingJobs == 0)
    }
}
