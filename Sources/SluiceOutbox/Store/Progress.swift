internal import CSluiceSQLite
internal import SluiceBase

/// The row of the table `progress`: what cannot be read from the ends of the other tables.
struct Progress {
    /// The figures, in the order of `Statements.updateProgress`.
    let figures: [Int64]
    /// `FinishedJobs.encoded`.
    let finished: [UInt8]?
    /// Whether its checksum was verified. Outboxes of formats before 10, and new and salvaged ones, have none.
    let isSealed: Bool

    private static let columns = """
        first_pending, last_finished, next_delivery, seen_end, keys, dead_letters, dead_letter_bytes, parked, \
        parked_bytes, next_position, keys_end, finished
        """

    /// - Throws: damage if the row is missing, or was changed since it was written.
    init(_ connection: Connection) throws(SQLiteError) {
        let row = try connection.prepare("SELECT \(Self.columns), checksum FROM progress")
        defer { row.reset() }
        guard try row.step() else { throw SQLiteError(code: SQLITE_CORRUPT, message: "the table progress is empty") }
        var figures: [Int64] = []
        for column in 0..<Int32(11) { figures.append(try row.figure(column)) }
        (self.figures, finished) = (figures, row.optionalBytes(11))
        let stored = row.checksum(12)
        isSealed = stored != nil
        guard stored == nil || stored == Self.checksum(figures, finished) else {
            throw SQLiteError(code: SQLITE_CORRUPT, message: "the row of the table progress was changed on the disk")
        }
    }

    static func checksum(_ figures: [Int64], _ finished: [UInt8]?) -> Int64 {
        Checksum.of(KeyChunk.encode(figures.map { UInt64(bitPattern: $0) }) + (finished ?? []))
    }

    /// Whether `connection` has a row with a wrong checksum. The figures of a damaged file are not used then.
    static func isDamaged(in connection: Connection) -> Bool {
        do throws(SQLiteError) {
            _ = try Progress(connection)
            return false
        } catch {
            // An earlier format has no checksum.
            return error.code & 0xFF == SQLITE_CORRUPT
        }
    }
}
