internal import SluiceBase

/// The runs of outboxes of formats 4 to 9, which have a row in `key_chunks` for each chunk.
extension KeyRun {
    /// The first format with the table `key_runs`.
    static let firstFormat = 10

    /// Fills `key_runs`, and drops `key_chunks`. The chunks of a run that lacks some, or whose rows are in a later one,
    /// are free. A run that damage has made incomplete leaves a gap that the start finds.
    static func upgrade(_ connection: Connection) throws(SQLiteError) {
        let complete = try chunkedRuns(connection).filter(\.isComplete)
        let save = try connection.prepare(Statements.saveKeyRun)
        for run in complete where !complete.contains(where: { $0.replaces(run) }) {
            try save.runAndUnbind(run.number, run.contents)
        }
        try connection.execute("DROP TABLE key_chunks")
    }

    private static func chunkedRuns(_ connection: Connection) throws(SQLiteError) -> [KeyRun] {
        var runs: [Int64: KeyRun] = [:]
        let rows = try connection.prepare(
            "SELECT id, run, level, chunk, first_row, end_row, entries FROM key_chunks NOT INDEXED")
        try rows.each { row in
            let (id, number, chunk) = (row.int64(0), row.int64(1), row.int64(3))
            guard 1...greatestChunk ~= id,
                let run = KeyRun(number: number, level: row.int64(2), firstRow: row.int64(4), endRow: row.int64(5)),
                0..<Int64(run.chunkCount) ~= chunk
            else { return }
            let known = runs[number] ?? run
            guard known.level == run.level, known.rows == run.rows, known.lacks(chunk: Int(chunk)) else { return }
            runs[number, default: run].add(
                id: id, number: Int(chunk), entries: Int(row.size(6)), filter: nil)
        }
        return Array(runs.values)
    }

    /// Whether this run contains everything in `other`.
    private func replaces(_ other: KeyRun) -> Bool {
        number > other.number && rows.lowerBound <= other.rows.lowerBound && rows.upperBound >= other.rows.upperBound
    }
}
