import SluiceBase
import Testing

@testable import SluiceOutbox

/// Single wrong bits in the small tables that decide which jobs are sent and which keys are remembered.
struct BitFlipTests {
    private let fixture = Fixture { $0.recentKeys = 50 }
    /// Jobs 1 to 100 and 201 to 220 are delivered.
    private let pending = Set(Array(101...200) + Array(221...300))

    private func fill() throws {
        let store = try fixture.open()
        for first in stride(from: 1, to: 300, by: 50) {
            _ = store.commit((first..<(first + 50)).map { sample($0, at: fixture.time) })
        }
        try store.acknowledge((Array(1...100) + Array(201...220)).map { Acknowledgement(job: $0, zizqID: "z\($0)") })
        #expect(store.keys.runs.count > 1 && store.ledger.finished.groups.count == 1)
        store.close()
    }

    /// The places of the rows of a table, which is one page, and of the head of that page.
    private func places(_ table: String, in bytes: [UInt8]) throws -> [Int] {
        let connection = try Connection(path: fixture.configuration.path, vfs: nil, access: .readOnly)
        defer { connection.close() }
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = '\(table)'"
        let page = (Int(try #require(try connection.integer(sql))) - 1) * Pragmas.pageSize
        #expect(bytes[page] == 0x0D)
        func number(_ place: Int) -> Int { Int(bytes[place]) << 8 + Int(bytes[place + 1]) }
        let head = page..<(page + 8 + 2 * number(page + 3))
        return Array(head) + Array((page + number(page + 5))..<(page + Pragmas.pageSize))
    }

    @Test(
        "no wrong bit ends the process, loses a job or forgets a key",
        arguments: [
            ("progress", 5), ("forgetting", 6), ("key_runs", 691),
        ])
    func singleBits(table: String, step: Int) throws {
        try fill()
        let bytes = fixture.folder.read("outbox.db")
        for (index, place) in try places(table, in: bytes).enumerated() where index.isMultiple(of: step) {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(index / step % 8)
            let copy = Fixture { $0 = self.fixture.configuration }
            copy.configuration.path = copy.folder.file("outbox.db")
            copy.configuration.salvagesDamage = true
            copy.time.setWall(milliseconds: fixture.time.wallMilliseconds())
            copy.folder.write(damaged, to: "outbox.db")
            let store = try copy.open()
            let jobs = try store.pending().map { Int($0.id) }
            #expect(pending.isSubset(of: jobs), "byte \(place)")
            let again = store.outcomes(stride(from: 1, to: 300, by: 13).map { sample(900, key: $0, at: copy.time) })
            #expect(again.allSatisfy { if case .duplicate = $0 { true } else { false } }, "byte \(place)")
            _ = store.outcomes([sample(901, at: copy.time)])
            try store.acknowledge(jobs.map { Acknowledgement(job: Int64($0), zizqID: "z") })
            copy.time.advance(by: .seconds(8 * 86_400))
            for _ in 0..<5 where store.maintainIdle() {}
            store.close()
        }
    }

    @Test(
        "groups of finished jobs whose numbers are wrong are not used",
        arguments: [
            [5, 4, 1], [-5, 4, 1], [5, 9, -1], [5, .max, 1], [5, 9, .max], [5, 9, 1, 8, 12, 1],
            [5, 9, 1 << 53, 11, 12, 1],
        ])
    func groups(words: [Int64]) {
        #expect(FinishedJobs(encoded: KeyChunk.encode(words.map { UInt64(bitPattern: $0) })) == nil)
    }
}
