import SluiceBase
import Testing

@testable import SluiceOutbox

struct KeyRunTests {
    private func entry(_ number: Int) -> KeyEntry { KeyEntry(key: Fingerprint(number: number), row: Int64(number)) }

    private func run(_ numbers: ClosedRange<Int>, level: Int = 0) -> KeyRun {
        var run = KeyRun(number: 1, level: level, rows: 1..<Int64(numbers.upperBound + 1))
        var chunks = [[KeyEntry]](repeating: [], count: run.chunkCount)
        for number in numbers { chunks[run.chunk(of: Fingerprint(number: number))].append(entry(number)) }
        for (index, chunk) in chunks.enumerated() {
            run.add(
                id: Int64(index + 1), number: index, entries: chunk.count,
                filter: KeyFilter.make(chunk.sorted(by: KeyEntry.isInOrder), bits: run.bits))
        }
        return run
    }

    @Test("the filter never denies a key that is there and denies most others", arguments: [0, 1])
    func filter(level: Int) {
        let run = run(1...65_536 << (2 * level), level: level)
        let count = run.entries
        #expect((1...count).allSatisfy { run.mayContain(Fingerprint(number: $0)) })
        let mistaken = (count + 1...count + 100_000).count { run.mayContain(Fingerprint(number: $0)) }
        // One in 256 is 390; the standard deviation is 20.
        #expect(310...470 ~= mistaken, "\(mistaken)")
    }

    @Test("a filter takes 1.1 bytes for a key, and 1.4 for few keys", arguments: [(512, 560), (300, 331), (100, 139)])
    func filterSize(count: Int, limit: Int) {
        let filter = KeyFilter.make((1...count).map(entry).sorted(by: KeyEntry.isInOrder), bits: 0)
        #expect(filter.count <= limit, "\(filter.count)")
    }

    @Test("keys that have the same equation but another byte are taken for contained, like all others")
    func unsolvableFilter() {
        let twins = [1, 2].map { KeyEntry(key: Fingerprint(high: $0, low: 5), row: 1) }
        let filter = KeyFilter.make(twins, bits: 0)
        for key in [twins[0].key, twins[1].key, Fingerprint(number: 3)] {
            let mayContain = KeyFilter.mayContain(key, in: filter.span, bits: 0)
            #expect(mayContain)
        }
        let generations = [1, 2].map { KeyEntry(key: Fingerprint(number: 3), row: $0) }
        let other = KeyFilter.make(generations, bits: 0)
        let mayContain = KeyFilter.mayContain(Fingerprint(number: 4), in: other.span, bits: 0)
        #expect(!mayContain)
    }

    @Test("an empty run contains nothing") func empty() {
        #expect(!run(1...1).mayContain(Fingerprint(high: 0, low: 0)))
        #expect(!run(1...1).mayContain(Fingerprint(high: .max, low: .max)))
    }

    @Test("a chunk finds each of its keys, the newest row of one, and no other") func chunk() {
        var entries = (1...500).map(entry)
        entries += [3, 77].map { KeyEntry(key: Fingerprint(number: $0), row: 900) }
        entries.append(KeyEntry(key: Fingerprint(high: .max, low: .max), row: 901))
        entries.append(KeyEntry(key: Fingerprint(high: 0, low: 0), row: 902))
        let bytes = KeyChunk.encode(entries.sorted(by: KeyEntry.isInOrder))
        #expect(bytes.count == 24 * entries.count)
        for number in 1...500 {
            let expected = [3, 77].contains(number) ? 900 : Int64(number)
            #expect(KeyChunk.row(of: Fingerprint(number: number), in: bytes) == expected)
        }
        #expect(KeyChunk.row(of: Fingerprint(high: .max, low: .max), in: bytes) == 901)
        #expect(KeyChunk.row(of: Fingerprint(high: 0, low: 0), in: bytes) == 902)
        #expect(KeyChunk.row(of: Fingerprint(number: 501), in: bytes) == nil)
        #expect(KeyChunk.row(of: Fingerprint(number: 1), in: []) == nil)
    }

    @Test("the parts of a chunk are its entries, each once") func parts() {
        let entries = (1...500).map(entry).sorted(by: KeyEntry.isInOrder)
        let bytes = KeyChunk.encode(entries)
        let parts = (0..<4).map { KeyChunk.entries(bytes, withPrefix: $0, bits: 2) }
        #expect(parts.flatMap(\.self) == entries)
        #expect(parts.allSatisfy { !$0.isEmpty })
    }
}

struct KeyIndexTests {
    private func duplicate(_ number: Int) -> IngestOutcome {
        .duplicate(firstDeliveryID: "delivery-\(number)", changedBody: false)
    }

    /// Stores deliveries without jobs, some at a time.
    private func fill(_ store: OutboxStore, _ numbers: ClosedRange<Int>, _ time: ManualTime, by step: Int = 50) {
        for start in stride(from: numbers.lowerBound, through: numbers.upperBound, by: step) {
            let batch = (start...min(start + step - 1, numbers.upperBound)).map { sample($0, at: time, jobs: 0) }
            _ = store.commit(batch)
        }
    }

    @Test("keys are found in memory, in runs of all levels and after a crash at any time") func found() throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        let store = try fixture.open()
        var number = 0
        var levels: Set<Int> = []
        while number < 30_000 {
            fill(store, (number + 1)...(number + 1000), fixture.time)
            number += 1000
            levels.formUnion(store.keys.runs.map(\.level))
            for key in stride(from: 1, through: number, by: 97) {
                #expect(store.outcomes([sample(90_000, key: key, at: fixture.time)]) == [duplicate(key)])
            }
            guard number.isMultiple(of: 5000) else { continue }
            let crashed = try fixture.afterCrash().store
            #expect(crashed.status.rememberedKeys == number)
            for key in stride(from: 1, through: number, by: 53) {
                #expect(crashed.outcomes([sample(90_000, key: key, at: fixture.time)]) == [duplicate(key)])
            }
        }
        #expect(levels.isSuperset(of: [0, 1]))
        #expect(store.keys.runs.count < 20)
    }

    @Test("a transaction that fails leaves the index as it was") func failing() throws {
        let vfs = FaultyVFS()
        let fixture = Fixture {
            $0.recentKeys = 100
            $0.vfs = vfs.name
        }
        let store = try fixture.open()
        fill(store, 1...1000, fixture.time)
        for round in 0..<20 {
            vfs.set { $0.failingSyncs = [.log] }
            fill(store, (2001 + 50 * round)...(2050 + 50 * round), fixture.time)
            vfs.set { $0.failingSyncs = [] }
            fixture.time.advance(by: .seconds(2))
            fill(store, (1001 + 50 * round)...(1050 + 50 * round), fixture.time)
        }
        for key in 1...2000 {
            #expect(store.outcomes([sample(90_000, key: key, at: fixture.time)]) == [duplicate(key)])
        }
        #expect(store.status.rememberedKeys == 2000)
        #expect(try store.number("SELECT count(key) FROM deliveries") == 2000)
    }

    @Test("runs are dropped with their last row, and their chunks deleted") func dropped() throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        let store = try fixture.open()
        for round in 0..<40 {
            fill(store, (round * 500 + 1)...(round * 500 + 500), fixture.time)
            fixture.time.advance(by: .seconds(86400))
            while store.maintainIdle() {}
            #expect(store.keys.runs.reduce(0) { $0 + $1.entries } <= 2 * store.status.rememberedKeys + 2000)
        }
        // Chunks that nothing needs are written over.
        #expect(try store.number("SELECT count(*) FROM key_entries") < 12_000)
        #expect(
            try store.number("SELECT count(*) FROM key_entries")
                == store.number("SELECT count(*) FROM key_filters"))
        #expect(store.status.rememberedKeys == 3000)
        #expect(
            store.outcomes([sample(90_000, key: 1, at: fixture.time, jobs: 0)]) == [
                .stored(jobs: 0, deadLetters: [], duplicates: 0, changedBody: false)
            ])
    }

    @Test("a large run of which few rows are left is written again without the rest") func compaction() throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        let store = try fixture.open()
        for start in stride(from: 1, through: 20_000, by: 50) {
            _ = store.commit(
                (start..<(start + 50)).map {
                    sample($0, at: fixture.time, window: .seconds($0 % 10 == 0 ? 86400 : 60), jobs: 0)
                })
        }
        let largest = try #require(store.keys.runs.first { $0.level == KeyRun.topLevel })
        #expect(largest.entries > 5000)
        fixture.time.advance(by: .seconds(61))
        while store.maintainIdle() {}
        #expect(store.status.rememberedKeys == 2000)
        store.keys.toleratedEntries = 0
        fill(store, 20_001...30_000, fixture.time)
        #expect(!store.keys.runs.contains { $0.number == largest.number })
        let again = try #require(store.keys.runs.first { $0.rows == largest.rows })
        #expect(10 * again.entries < 2 * largest.entries)
        for store in [store, try fixture.afterCrash().store] {
            for key in stride(from: 10, through: 20_000, by: 10) {
                #expect(store.outcomes([sample(90_000, key: key, at: fixture.time)]) == [duplicate(key)])
            }
        }
    }

    @Test(
        "an index that is damaged or lacks a run is an error, and salvaged with all keys",
        arguments: [
            "UPDATE key_runs SET run = run + 64", "UPDATE key_runs SET contents = zeroblob(length(contents))",
            "UPDATE key_runs SET contents = x'00'", "DELETE FROM key_runs WHERE run = (SELECT min(run) FROM key_runs)",
            "DELETE FROM key_runs",
        ])
    func damaged(sql: String) throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        do {
            let store = try fixture.open()
            fill(store, 1...1000, fixture.time)
            #expect(store.keys.runs.count > 1)
            try store.session.connection.execute(sql)
            store.close()
        }
        try expectDamage(fixture, keys: 1000)
    }

    /// Expects that a start finds damage, and that a salvage remembers all keys.
    private func expectDamage(_ fixture: Fixture, keys count: Int) throws {
        #expect { try fixture.open() } throws: { error in
            (error as? StartupError)?.sentence.contains("is damaged") ?? false
        }
        fixture.configuration.salvagesDamage = true
        let store = try fixture.open()
        #expect(store.salvaged != nil && store.status.rememberedKeys == count)
        for key in 1...count {
            #expect(store.outcomes([sample(90_000, key: key, at: fixture.time)]) == [duplicate(key)])
        }
    }

    @Test(
        "a damaged chunk refuses a request, and never takes a key for new",
        arguments: [
            "entries = zeroblob(length(entries))",
            "entries = (SELECT entries FROM key_entries AS other WHERE other.id = key_entries.id % 128 + 1)",
            "entries = x'00'",
        ])
    func damagedChunk(change: String) throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        let store = try fixture.open()
        fill(store, 1...300, fixture.time)
        try store.session.connection.execute("UPDATE key_entries SET \(change)")
        let outcomes = (1...100).map { store.outcomes([sample(90_000, key: $0, at: fixture.time)])[0] }
        #expect(outcomes.allSatisfy { $0 == .refused(.commitFailed) })
    }

    @Test("a start copies the filter of a large run once, not for each chunk") func largeRun() throws {
        let fixture = Fixture()
        var run = KeyRun(number: 1, level: KeyRun.topLevel, rows: 1..<1)
        let filter = [UInt8](repeating: 0, count: KeyFilter.usualSize)
        do {
            let store = try fixture.open()
            try store.session.connection.execute("BEGIN")
            for chunk in 0..<run.chunkCount {
                let sealed = KeyChunk.seal(filter, run: run.number, chunk: chunk)
                try store.session.saveKeyFilter.runAndUnbind(chunk + 1, sealed)
                run.add(id: Int64(chunk + 1), number: chunk, entries: 0, filter: nil)
            }
            try store.session.saveKeyRun.runAndUnbind(run.number, run.contents)
            try store.session.connection.execute("COMMIT")
            store.close()
        }
        do {
            let before = SystemThread.processorNanoseconds()
            let again = try fixture.open()
            // 32 GB are copied otherwise.
            #expect(SystemThread.processorNanoseconds() - before < 2_000_000_000)
            #expect(again.keys.chunkCount == run.chunkCount)
            again.close()
        }
        // SQLite removes the log with the last connection: none of those that read filters is left.
        #expect(OutboxFile.modified(fixture.configuration.path + "-wal") == nil)
    }

    @Test("a start reads no filter, and a lookup those of its key") func lazyFilters() throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        do {
            let store = try fixture.open()
            fill(store, 1...1000, fixture.time)
            store.close()
        }
        let store = try fixture.open()
        func missing() -> Int {
            store.keys.runs.reduce(0) { sum, run in
                sum + (0..<run.chunkCount).count { run.lacksFilter(ofChunk: $0) }
            }
        }
        let before = missing()
        #expect(before == store.keys.chunkCount && before > 0)
        #expect(try store.newest(Fingerprint(number: 2000)) == nil)
        #expect(missing() == before - store.keys.runs.count)
        #expect(try store.newest(Fingerprint(number: 2000)) == nil)
        #expect(missing() == before - store.keys.runs.count)
    }

    @Test("a filter that is damaged, or of an earlier format, is made again from its keys")
    func damagedFilter() throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        do {
            let store = try fixture.open()
            fill(store, 1...300, fixture.time)
            try store.session.connection.execute(
                "UPDATE key_filters SET filter = iif(id % 2, x'', zeroblob(length(filter)))")
            store.close()
        }
        let store = try fixture.open()
        for key in 1...100 { #expect(try store.newest(Fingerprint(number: key)) != nil) }
        for key in 1001...3000 { #expect(try store.newest(Fingerprint(number: key)) == nil) }
        let run = try #require(store.keys.runs.first)
        #expect((0..<run.chunkCount).allSatisfy { !run.lacksFilter(ofChunk: $0) })
        #expect((1001...2000).count { run.mayContain(Fingerprint(number: $0)) } < 20)
    }

    @Test("filters of format 7, which deny other keys, are not used") func earlierFilters() throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        do {
            let store = try fixture.open()
            fill(store, 1...300, fixture.time)
            let connection = store.session.connection
            try makeFormat9(store)
            let filters = try connection.prepare("UPDATE key_chunks SET filter = ?1 WHERE run = ?2 AND chunk = ?3")
            let bloom = [UInt8](repeating: 0, count: 512)
            for run in store.keys.runs {
                for chunk in 0..<run.chunkCount {
                    filters.bind(KeyChunk.seal(bloom, run: run.number, chunk: chunk), at: 1)
                    filters.bind(run.number, at: 2)
                    filters.bind(Int64(chunk), at: 3)
                    try filters.runAndUnbind()
                }
            }
            try connection.execute("DROP INDEX key_chunks_run; PRAGMA user_version = 7")
            store.close()
        }
        let store = try fixture.open()
        for key in 1...300 {
            #expect(store.outcomes([sample(90_000, key: key, at: fixture.time)]) == [duplicate(key)])
        }
    }

    @Test("a start reads a bounded number of rows, also if most deliveries have no key") func keylessRows() throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        let store = try fixture.open()
        for first in stride(from: 1, to: 5000, by: 50) {
            _ = store.commit((first..<(first + 50)).map { sample($0, hasKey: $0 % 50 == 1, at: fixture.time, jobs: 0) })
        }
        for store in [store, try fixture.afterCrash().store] {
            #expect(store.ledger.nextDelivery - store.keys.flushedEnd < 500)
            for key in stride(from: 1, to: 5000, by: 50) {
                #expect(store.outcomes([sample(90_000, key: key, at: fixture.time)]) == [duplicate(key)])
            }
        }
    }

    /// Gives an outbox the tables of format 9, whose runs have a row for each chunk.
    private func makeFormat9(_ store: OutboxStore) throws {
        let connection = store.session.connection
        try connection.execute(
            """
            CREATE TABLE key_chunks (id INTEGER PRIMARY KEY, run INTEGER NOT NULL, level INTEGER NOT NULL,
                chunk INTEGER NOT NULL, first_row INTEGER NOT NULL, end_row INTEGER NOT NULL,
                entries INTEGER NOT NULL, filter BLOB NOT NULL);
            CREATE INDEX key_chunks_run ON key_chunks (run, level, chunk, first_row, end_row, entries);
            """)
        let insert = try connection.prepare(
            "INSERT INTO key_chunks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT filter FROM key_filters WHERE id = ?1))"
        )
        for run in store.keys.runs {
            for chunk in 0..<run.chunkCount {
                try insert.run(
                    run.id(ofChunk: chunk), run.number, run.level, chunk, run.rows.lowerBound, run.rows.upperBound,
                    run.entries / run.chunkCount)
            }
        }
        try connection.execute(
            """
            DROP TABLE key_runs; DROP TABLE key_filters; ALTER TABLE progress DROP COLUMN checksum;
            PRAGMA user_version = 9
            """)
    }

    @Test("the runs of format 9 are taken over, and their filters") func format9() throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        var runs: [Range<Int64>] = []
        do {
            let store = try fixture.open()
            fill(store, 1...1000, fixture.time)
            runs = store.keys.runs.map(\.rows)
            try makeFormat9(store)
            store.close()
        }
        let store = try fixture.open()
        #expect(try store.number("PRAGMA user_version") == Int64(Schema.currentVersion))
        #expect(Set(store.keys.runs.map(\.rows)) == Set(runs) && runs.count > 1)
        #expect(try store.number("SELECT count(*) FROM key_filters WHERE length(filter) > 8") > 100)
        #expect(store.status.rememberedKeys == 1000)
        for key in 1...1000 {
            #expect(store.outcomes([sample(90_000, key: key, at: fixture.time)]) == [duplicate(key)])
        }
    }

    @Test(
        "a wrong bit in the runs of format 9 is found by the upgrade, and no key is forgotten",
        arguments: ["run = run + 64", "end_row = end_row + 64", "first_row = first_row + 16", "chunk = chunk + 1"])
    func damagedFormat9(change: String) throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        do {
            let store = try fixture.open()
            fill(store, 1...1000, fixture.time)
            let run = try #require(store.keys.runs.first)
            try makeFormat9(store)
            try store.session.connection.execute("UPDATE key_chunks SET \(change) WHERE id = \(run.id(ofChunk: 5))")
            store.close()
        }
        try expectDamage(fixture, keys: 1000)
    }

    @Test("what is left to send counts on while the outbox is damaged") func damagedFigures() throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        let store = try fixture.open()
        for first in stride(from: 1, to: 300, by: 50) {
            _ = store.commit((first..<(first + 50)).map { sample($0, at: fixture.time) })
        }
        let before = store.status
        try store.session.connection.execute("UPDATE key_entries SET entries = x'00'")
        fixture.time.advance(by: .seconds(10))
        for key in [1, 2] {
            #expect(store.outcomes([sample(90_000, key: key, at: fixture.time)]) == [.refused(.commitFailed)])
        }
        #expect(store.damage != nil)
        store.maintain()
        #expect(store.status.undeliveredBytes == before.undeliveredBytes)
        #expect(store.status.oldestPendingAtMilliseconds == before.oldestPendingAtMilliseconds)
        try store.acknowledge((1...100).map { Acknowledgement(job: $0, zizqID: "z\($0)") })
        store.maintain()
        #expect(store.status.undeliveredBytes == (101...300).reduce(0) { $0 + job($1).byteCost })
    }

    @Test("a run that is not complete or has been merged is free after a restart") func free() throws {
        let fixture = Fixture { $0.recentKeys = 100 }
        let store = try fixture.open()
        fill(store, 1...130, fixture.time, by: 10)
        #expect(store.keys.frozen != nil)
        let crashed = try fixture.afterCrash()
        let chunks = try crashed.store.number("SELECT count(*) FROM key_entries")
        #expect(chunks > 0 && crashed.store.keys.free.count == chunks)
        fill(crashed.store, 131...1000, fixture.time)
        for key in 1...1000 {
            #expect(crashed.store.outcomes([sample(90_000, key: key, at: fixture.time)]) == [duplicate(key)])
        }
        let again = try crashed.fixture.afterCrash().store
        for key in 1...1000 {
            #expect(again.outcomes([sample(90_000, key: key, at: fixture.time)]) == [duplicate(key)])
        }
    }
}
