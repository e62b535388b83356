import CSluiceSQLite
import Glibc
import Synchronization

/// A SQLite VFS that is the system's, but for the faults that a test asks for. Each has a name of its own, so tests run
/// in parallel.
final class FaultyVFS: Sendable {
    enum File: Sendable {
        case database
        case log
    }

    struct Faults: Sendable {
        /// Each sync of these files fails.
        var failingSyncs: Set<File> = []
        /// Each write that would make a file longer, or any write to these, finds the disk full.
        var fullFiles: Set<File> = []
        /// After so many writes, a single one finds the disk full.
        var writesUntilFull: Int?
        /// After so many writes the power is cut.
        var writesUntilCut: Int?
        /// Whether the power is cut: no write, sync or truncation is done any more.
        var isCut = false
        /// The same for all files, as long as this holds.
        var isFull: (@Sendable () -> Bool)?
        /// What failing syncs leave in `errno`.
        var syncError: Int32 = EIO
        /// Syncs so far.
        var syncs: [File: Int] = [:]
        /// Whether writes are remembered until they are synced, for `afterPowerCut`.
        var remembersUnsynced = false
        /// Whether syncs do nothing.
        var ignoresSyncs = false
        /// What was in the place of each write since the last sync.
        var unsynced: [File: [(offset: Int, bytes: [UInt8])]] = [:]
        /// Called after each sync of the log that went well.
        var afterLogSync: (@Sendable () -> Void)?

        /// Counts a write.
        fileprivate mutating func isCutBeforeWrite() -> Bool {
            if isCut { return true }
            writesUntilCut = writesUntilCut.map { $0 - 1 }
            // The last write is done, and not synced.
            if writesUntilCut == 0 { (writesUntilCut, isCut) = (nil, true) }
            return false
        }
    }

    let name: String
    let faults = Mutex(Faults())

    // SQLITE_IOERR_FSYNC, SQLITE_IOERR_WRITE and SQLITE_IOERR_TRUNCATE, macros that Swift does not import.
    private static let failedSync = SQLITE_IOERR | 4 << 8
    private static let failedWrite = SQLITE_IOERR | 3 << 8
    private static let failedTruncation = SQLITE_IOERR | 6 << 8

    private static let count = Atomic<Int>(0)
    private static let registry = Mutex<[Int: FaultyVFS]>([:])

    init() {
        let index = Self.count.wrappingAdd(1, ordering: .relaxed).oldValue
        name = "faulty-\(index)"
        Self.registry.withLock { $0[index] = self }
        // SQLite keeps the pointers for the life of the process, so neither the VFS nor its name is ever freed.
        guard let system = unsafe sqlite3_vfs_find(nil) else { preconditionFailure("SQLite has no VFS") }
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        unsafe vfs.initialize(to: system.pointee)
        unsafe vfs.pointee.zName = strdup(name).map { unsafe UnsafePointer($0) }
        unsafe vfs.pointee.pAppData = UnsafeMutableRawPointer(bitPattern: index + 1)
        unsafe vfs.pointee.xOpen = { vfs, path, file, flags, outFlags in
            unsafe FaultyVFS.open(vfs, path, file, flags, outFlags)
        }
        _ = unsafe sqlite3_vfs_register(vfs, 0)
    }

    func set(_ change: (inout Faults) -> Void) { faults.withLock { change(&$0) } }

    /// What may be on the disk after a power cut: of the sectors that were not synced, each has its new or its old
    /// bytes.
    func afterPowerCut(_ bytes: [UInt8], of file: File, using random: inout some RandomNumberGenerator) -> [UInt8] {
        let writes = faults.withLock { faults in
            defer { faults.unsynced[file] = [] }
            return faults.unsynced[file] ?? []
        }
        var bytes = bytes
        var isLost: [Int: Bool] = [:]
        for write in writes.reversed() {
            for start in stride(from: 0, to: write.bytes.count, by: 512) {
                let sector = (write.offset + start) / 512
                let lost = isLost[sector] ?? Bool.random(using: &random)
                isLost[sector] = lost
                let end = min(bytes.count, write.offset + start + 512, write.offset + write.bytes.count)
                guard lost, write.offset + start < end else { continue }
                bytes.replaceSubrange(write.offset + start..<end, with: write.bytes[start..<(end - write.offset)])
            }
        }
        return bytes
    }

    func syncs(of file: File) -> Int { faults.withLock { $0.syncs[file] ?? 0 } }

    /// The system's methods with write and sync replaced. SQLite's own methods keep working on the file, as it is
    /// theirs.
    @unsafe private struct Methods {
        var methods: sqlite3_io_methods
        var original: UnsafePointer<sqlite3_io_methods>
        var owner: Int
        var file: File
    }

    private static func open(
        _ vfs: UnsafeMutablePointer<sqlite3_vfs>?, _ path: sqlite3_filename?,
        _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let system = unsafe sqlite3_vfs_find(nil), let file = unsafe file, let vfs = unsafe vfs else {
            return SQLITE_CANTOPEN
        }
        let code = unsafe system.pointee.xOpen(system, path, file, flags, outFlags)
        guard code == SQLITE_OK, let original = unsafe file.pointee.pMethods else { return code }
        guard flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL) != 0 else { return code }
        // Small, and as long-lived as the file that points to it: never freed.
        let patched = UnsafeMutablePointer<Methods>.allocate(capacity: 1)
        let owner = unsafe Int(bitPattern: vfs.pointee.pAppData) - 1
        let kind = flags & SQLITE_OPEN_WAL != 0 ? File.log : File.database
        unsafe patched.initialize(to: Methods(methods: original.pointee, original: original, owner: owner, file: kind))
        unsafe patched.pointee.methods.xSync = { file, flags in unsafe FaultyVFS.sync(file, flags) }
        unsafe patched.pointee.methods.xWrite = { file, bytes, count, offset in
            unsafe FaultyVFS.write(file, bytes, count, offset)
        }
        unsafe patched.pointee.methods.xTruncate = { file, size in unsafe FaultyVFS.truncate(file, size) }
        unsafe file.pointee.pMethods = unsafe UnsafeRawPointer(patched).assumingMemoryBound(to: sqlite3_io_methods.self)
        return SQLITE_OK
    }

    private static func methods(_ file: UnsafeMutablePointer<sqlite3_file>) -> Methods {
        // Set by `open`: the methods are the first member of a `Methods`.
        unsafe UnsafeRawPointer(file.pointee.pMethods).assumingMemoryBound(to: Methods.self).pointee
    }

    private static func owner(_ index: Int) -> FaultyVFS? { registry.withLock { $0[index] } }

    private static func sync(_ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32) -> Int32 {
        guard let file = unsafe file else { return failedSync }
        let methods = unsafe methods(file)
        let kind = unsafe methods.file
        guard let owner = unsafe owner(methods.owner) else { return failedSync }
        let failure = owner.faults.withLock { faults in
            faults.syncs[kind, default: 0] += 1
            return faults.isCut || faults.failingSyncs.contains(kind) ? faults.syncError : nil
        }
        if let failure {
            errno = failure
            return failedSync
        }
        owner.faults.withLock { faults in
            if !faults.ignoresSyncs { faults.unsynced[kind] = [] }
        }
        // The disk itself is not asked: the test's process sees what was written, and a power cut is simulated.
        if kind == .log { owner.faults.withLock { $0.afterLogSync }?() }
        return SQLITE_OK
    }

    private static func truncate(_ file: UnsafeMutablePointer<sqlite3_file>?, _ size: sqlite3_int64) -> Int32 {
        guard let file = unsafe file else { return failedTruncation }
        let methods = unsafe methods(file)
        if let owner = unsafe owner(methods.owner), owner.faults.withLock({ $0.isCut }) { return failedTruncation }
        return unsafe methods.original.pointee.xTruncate(file, size)
    }

    private static func write(
        _ file: UnsafeMutablePointer<sqlite3_file>?, _ bytes: UnsafeRawPointer?, _ count: Int32, _ offset: sqlite3_int64
    ) -> Int32 {
        guard let file = unsafe file else { return failedWrite }
        let methods = unsafe methods(file)
        let kind = unsafe methods.file
        let owner = unsafe owner(methods.owner)
        if owner?.faults.withLock({ $0.isCutBeforeWrite() }) ?? false { return failedWrite }
        let (isFull, isFullWhile) =
            owner?.faults.withLock { faults in
                let left = faults.writesUntilFull
                faults.writesUntilFull = left.flatMap { $0 > 0 ? $0 - 1 : nil }
                return (faults.fullFiles.contains(kind) || left == 0, faults.isFull)
            } ?? (true, nil)
        if isFull || isFullWhile?() ?? false { return SQLITE_FULL }
        if let owner, owner.faults.withLock({ $0.remembersUnsynced }) {
            var old = [UInt8](repeating: 0, count: Int(count))
            // Beyond the end of the file SQLite fills the rest with zeros.
            _ = unsafe old.withUnsafeMutableBytes {
                unsafe methods.original.pointee.xRead(file, $0.baseAddress, count, offset)
            }
            owner.faults.withLock { $0.unsynced[kind, default: []].append((Int(offset), old)) }
        }
        return unsafe methods.original.pointee.xWrite(file, bytes, count, offset)
    }
}
