internal import Glibc
internal import SluiceBase

/// A write-ahead log with a wrong checksum in front of complete transactions.
///
/// SQLite reads a log up to the first frame whose checksum is wrong, takes that for the end, and overwrites what
/// follows. After a crash the end may be wrong; it is not followed by further transactions, because each one is synced
/// before the next. See <https://sqlite.org/fileformat2.html>, 4.
package struct DamagedLog: Sendable, Hashable {
    /// The copy of the log.
    package var copyPath = ""
    /// Frames, each one page, from the damaged one on.
    package let frames: Int
    /// Transactions that end behind the damaged frame. If there is only one, it may never have been acknowledged.
    package let transactions: Int

    /// The maximum size of a log that is searched, in bytes.
    private static let maximumBytes = 4 << 30
    private static let headerBytes = 32
    private static let frameHeaderBytes = 24

    /// Keeps a copy of a damaged log next to the outbox, if necessary in the space of the reserve. The lock must be
    /// held, and no connection may be open.
    ///
    /// - Returns: nil if there is no log, or it is not damaged.
    /// - Throws: if the copy cannot be written: SQLite would then overwrite the only one.
    static func setAside(_ path: String, on reserve: ReserveFile, time: any TimeSource) throws(StartupError)
        -> DamagedLog?
    {
        let log = path + "-wal"
        let size = OutboxFile.size(of: log)
        guard size > headerBytes, size <= maximumBytes else { return nil }
        let descriptor = OutboxFile.openOwn(log, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard var damaged = find(in: { OutboxFile.bytes(descriptor, at: $0, $1) ?? [] }) else { return nil }
        let now = TimestampText.format(milliseconds: time.wallMilliseconds()).filter { $0.isNumber }.prefix(14)
        damaged.copyPath = "\(log).damaged-\(now)"
        do throws(SQLiteError) {
            let parts = stride(from: 0, to: size, by: 1 << 20).lazy.map {
                OutboxFile.bytes(descriptor, at: $0, 1 << 20) ?? []
            }
            do throws(SQLiteError) { try OutboxFile.write(parts, toNew: damaged.copyPath) } catch {
                reserve.release()
                try OutboxFile.write(parts, toNew: damaged.copyPath)
            }
        } catch {
            throw StartupError(.unavailable, "\(log) is damaged, and cannot be copied: \(error). Nothing was changed.")
        }
        OutboxFile.giveOwner(of: log, to: damaged.copyPath)
        return damaged
    }

    /// - Parameter read: returns the bytes at an offset; fewer at the end.
    static func find(in read: (_ offset: Int, _ count: Int) -> [UInt8]) -> DamagedLog? {
        let header = read(0, headerBytes)
        guard header.count == headerBytes else { return nil }
        var sum = Sum(isBigEndian: word(header, 0) & 1 == 1)
        sum.add(header[..<24])
        var isSound = word(header, 0) & ~1 == 0x377F_0682 && sum.matches(header, at: 24)
        let frameBytes = frameHeaderBytes + (isSound ? Int(word(header, 8)) : Pragmas.pageSize)
        // If the header is damaged, the salts are in the first frame.
        let salts = isSound ? Array(header[16..<24]) : read(headerBytes + 8, 8)
        var damage = Damage(at: isSound ? nil : -1)
        var number = 0
        while true {
            let offset = headerBytes + number * frameBytes
            let frame = read(offset, isSound ? frameBytes : frameHeaderBytes)
            guard frame.count == (isSound ? frameBytes : frameHeaderBytes) else { return damage.log }
            let isOfThisRound = Array(frame[8..<16]) == salts
            if isSound {
                sum.add(frame[..<8])
                sum.add(frame[frameHeaderBytes...])
                isSound = isOfThisRound && sum.matches(frame, at: 16)
            }
            if !isSound { damage.add(number, isOfThisRound: isOfThisRound, isCommit: word(frame, 4) != 0) }
            number += 1
        }
    }

    /// The frames and transactions behind the first frame that SQLite does not accept.
    private struct Damage {
        /// The number of that frame.
        private var start: Int?
        private var (last, commits, laterCommits) = (0, 0, 0)

        init(at start: Int?) { self.start = start }

        /// - Parameter isOfThisRound: whether the frame was written after the log last restarted.
        mutating func add(_ number: Int, isOfThisRound: Bool, isCommit: Bool) {
            let start = start ?? number
            self.start = start
            guard isOfThisRound else { return }
            last = number
            guard isCommit else { return }
            commits += 1
            if number > start { laterCommits += 1 }
        }

        var log: DamagedLog? {
            guard let start, laterCommits > 0 else { return nil }
            return DamagedLog(frames: last - max(0, start) + 1, transactions: commits)
        }
    }

    /// The running checksum of a log.
    private struct Sum {
        let isBigEndian: Bool
        private var (first, second): (UInt32, UInt32) = (0, 0)

        init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

        mutating func add(_ bytes: ArraySlice<UInt8>) {
            // Whole pairs of words: each part begins at a multiple of eight of its array, and its length is one.
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe bytes.withMemoryRebound(to: UInt32.self) { words in
                    for index in stride(from: 0, to: words.count - 1, by: 2) {
                        let (one, two) = unsafe (words[index], words[index + 1])
                        first &+= (isBigEndian ? one.bigEndian : one.littleEndian) &+ second
                        second &+= (isBigEndian ? two.bigEndian : two.littleEndian) &+ first
                    }
                }
            }
        }

        func matches(_ bytes: [UInt8], at offset: Int) -> Bool {
            first == word(bytes, offset) && second == word(bytes, offset + 4)
        }
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        UInt32(OutboxFile.number(bytes[offset..<(offset + 4)]))
    }
}
