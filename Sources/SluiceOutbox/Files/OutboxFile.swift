internal import Glibc
internal import SluiceBase

/// The operating system's view of the outbox files.
enum OutboxFile {
    /// Readable and writable only by the owner, because payloads contain customers' data.
    private static let mode: mode_t = 0o600

    /// Opens a file, but not through a link in its place; links in the folders above are followed.
    ///
    /// - Returns: the descriptor, or -1 with `errno` set.
    static func openOwn(_ path: String, _ flags: Int32) -> Int32 { open(path, flags | O_NOFOLLOW | O_CLOEXEC) }

    /// - Returns: the descriptor, or -1 with `errno` set.
    private static func open(_ path: String, _ flags: Int32) -> Int32 {
        // The path lives through the call.
        unsafe Glibc.open(path, flags, mode)
    }

    /// Creates the database file if it does not exist, so that SQLite finds one with the right mode, which it also uses
    /// for the log and its index. Removes other users' access to existing files.
    ///
    /// Must be called before SQLite opens the file: closing a descriptor drops all locks of the process on it.
    ///
    /// - Parameter trustsOwner: as in `OutboxFolder.check`.
    /// - Returns: whether wrong bits of its header were corrected.
    @discardableResult
    static func prepare(_ path: String, trustsOwner: Bool = false) throws(StartupError) -> Bool {
        let descriptor = openOwn(path, O_RDWR | O_CREAT)
        guard descriptor >= 0 else { throw problem(opening: path, errno) }
        defer { close(descriptor) }
        try check(descriptor, path, trustsOwner: trustsOwner)
        let isCorrected = correctHeader(descriptor)
        guard isOutboxOrEmpty(descriptor) else { return isCorrected }
        try protect(descriptor, path)
        for file in [path + "-wal", path + "-shm"] { try protectIfPresent(file, trustsOwner: trustsOwner) }
        return isCorrected
    }

    /// The parts of a database's header that are the same in every outbox, by their offset
    /// (sqlite.org/fileformat2.html, 1.3): the name, the page size, the use of a log and the fractions of a page; the
    /// schema format; UTF-8; the incremental vacuum and the application id.
    private static let fixedHeader: [(offset: Int, bytes: [UInt8])] = [
        (0, Array("SQLite format 3\0".utf8) + [0x40, 0, 2, 2, 0, 64, 32, 32]),
        (44, [0, 0, 0, 4]), (56, [0, 0, 0, 1]), (64, [0, 0, 0, 1] + Array("SLUC".utf8)),
    ]

    /// Corrects one or two wrong bits of `fixedHeader`, with which SQLite would refuse or misread the file. Nothing is
    /// corrected in a file that may be another one: without a table on its first page, or with an application id that
    /// differs in more bits. A valid page size is that of an outbox that someone has vacuumed.
    ///
    /// - Returns: whether there were any.
    private static func correctHeader(_ descriptor: Int32) -> Bool {
        guard let page = bytes(descriptor, at: 0, 105), page.count == 105 else { return false }
        guard number(page[103...]) > 0 else { return false }
        let old = Array(page[..<72])
        var new = old
        for part in fixedHeader {
            new.replaceSubrange(part.offset..<part.offset + part.bytes.count, with: part.bytes)
        }
        let pageSize = number(page[16..<18])
        if pageSize == 1 || pageSize >= 512 && pageSize.nonzeroBitCount == 1 {
            new.replaceSubrange(16..<18, with: old[16..<18])
        }
        // Someone ended the use of a log with `sqlite3`; opening the outbox begins a new one.
        if old[18] == 1, old[19] == 1 { new.replaceSubrange(18...19, with: [1, 1]) }
        guard 1...2 ~= zip(old, new).reduce(0, { $0 + ($1.0 ^ $1.1).nonzeroBitCount }) else { return false }
        return write(descriptor, new, at: 0) && fsync(descriptor) == 0
    }

    private static func protectIfPresent(_ path: String, trustsOwner: Bool) throws(StartupError) {
        let descriptor = openOwn(path, O_RDWR)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw problem(opening: path, errno)
        }
        defer { close(descriptor) }
        try check(descriptor, path, trustsOwner: trustsOwner)
        try protect(descriptor, path)
    }

    /// Removes the access of other users.
    static func protect(_ descriptor: Int32, _ path: String) throws(StartupError) {
        guard fchmod(descriptor, mode) == 0 else { throw problem(opening: path, errno) }
    }

    /// Refuses a named pipe, a device or a socket in place of a file, and a file of another user, who could open it
    /// with any mode.
    ///
    /// - Parameter trustsOwner: as in `OutboxFolder.check`.
    static func check(_ descriptor: Int32, _ path: String, trustsOwner: Bool) throws(StartupError) {
        var facts = stat()
        // `fstat` fills the given structure.
        guard unsafe fstat(descriptor, &facts) == 0 else { throw problem(opening: path, errno) }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw StartupError(.unavailable, "\(path) is not a regular file, as an outbox file must be. Move it away.")
        }
        let user = geteuid()
        guard OutboxFolder.isTrusted(owner: facts.st_uid, user: user, trustsOwner: trustsOwner) else {
            throw StartupError(
                .unavailable,
                "\(path) belongs to user \(facts.st_uid), who could read and change it (mode "
                    + "\(String(facts.st_mode & 0o7777, radix: 8))); this process runs as user \(user). "
                    + "Change its owner to user \(user) (chown), or move it away.")
        }
    }

    /// Whether a file has an outbox's mark in its header, or is empty. Other files are not changed.
    private static func isOutboxOrEmpty(_ descriptor: Int32) -> Bool {
        guard let header = bytes(descriptor, at: 0, 72) else { return false }
        // The application id in a database's header (sqlite.org/fileformat2.html, 1.3).
        return header.isEmpty || header.count == 72 && number(header[68...]) == Schema.applicationID
    }

    /// The error for a file that cannot be opened or created.
    static func problem(opening path: String, _ error: Int32) -> StartupError {
        let folder = FileAccess.folder(of: path)
        let sentence =
            switch error {
            case ENOENT:
                FileAccess.danglingTarget(of: folder).map {
                    "The outbox folder \(folder) is a symbolic link to \($0), which does not exist."
                } ?? "The outbox folder \(folder) does not exist."
            case EACCES, EPERM, EROFS:
                "The outbox folder \(folder) and its files must be writable: \(path): "
                    + "\(SystemError.text(error)). \(FileAccess.ownership(of: path))"
            case ELOOP:
                FileAccess.danglingTarget(of: path).map {
                    "\(path) is a symbolic link to \($0), which does not exist. Remove it."
                }
                    ?? "\(path) is a symbolic link, which is not allowed for outbox files. Remove it, or set "
                    + "outbox.path to its target."
            case EISDIR: "\(path) is a folder, not a file."
            default: "\(path): \(SystemError.text(error))."
            }
        return StartupError(.unavailable, sentence)
    }

    /// Renames a file; the new name must not exist. Does nothing if there is no file.
    static func rename(_ path: String, to other: String) throws(SQLiteError) {
        // The paths are C strings for the call.
        guard unsafe Glibc.rename(path, other) != 0, errno != ENOENT else { return }
        let reason = SystemError.text(errno)
        throw SQLiteError(code: 14, message: "cannot rename \(path) to \(other): \(reason)")
    }

    /// Removes a file if it exists.
    static func remove(_ path: String) {
        // The path is a C string for the call.
        _ = unsafe unlink(path)
    }

    /// Gives a file that root created to the owner of another one.
    static func giveOwner(of path: String, to other: String) {
        guard geteuid() == 0, let facts = facts(path) else { return }
        // The path is a C string for the call.
        _ = unsafe lchown(other, facts.st_uid, facts.st_gid)
    }

    /// What is known about a file, or about a link in its place, by its name: no descriptor of the database is opened
    /// or closed. `nil` with `errno` set if there is nothing.
    static func facts(_ path: String) -> stat? {
        var facts = stat()
        // `lstat` fills the given structure. The name is passed in place: as an argument it would be copied.
        return unsafe path.withCString { unsafe lstat($0, &facts) } == 0 ? facts : nil
    }

    /// When a regular file was last written, in seconds since 1970; `nil` if there is none.
    static func modified(_ path: String) -> Int64? {
        facts(path).flatMap { $0.st_mode & S_IFMT == S_IFREG ? Int64($0.st_mtim.tv_sec) : nil }
    }

    /// Makes new names in the folder of `path` durable. File systems without support return an error.
    static func syncFolder(of path: String) {
        let descriptor = open(FileAccess.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// The size in bytes; 0 for a missing file.
    static func size(of path: String) -> Int {
        // The size of a link does not count.
        facts(path).map { $0.st_mode & S_IFMT == S_IFREG ? Int($0.st_size) : 0 } ?? 0
    }

    /// - Returns: true for an empty file, false if there is none; nil for anything else.
    static func isEmptyFile(_ path: String) -> Bool? {
        guard let facts = facts(path) else { return errno == ENOENT ? false : nil }
        return facts.st_mode & S_IFMT == S_IFREG && facts.st_size == 0 ? true : nil
    }

    /// The free bytes on the file system of `path`; nil if unknown.
    static func freeBytes(at path: String) -> Int? {
        var facts = statvfs()
        // `statvfs` fills the given structure. The name is passed in place, as above.
        let isFound = unsafe FileAccess.folder(of: path).withCString { unsafe statvfs($0, &facts) } == 0
        guard isFound, facts.f_blocks > 0 else { return nil }
        let (bytes, isTooMany) = UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize))
        return isTooMany ? Int.max : Int(clamping: bytes)
    }

    /// Identifies the files at `path` and at its log's, independent of their contents; `nil` if one is missing.
    static func identity(of path: String) -> [FileIdentity]? {
        var found: [FileIdentity] = []
        for file in [path, path + "-wal"] {
            guard let facts = facts(file) else { return nil }
            found.append(FileIdentity(device: UInt64(facts.st_dev), number: UInt64(facts.st_ino)))
        }
        return found
    }

    /// Whether an open file is the one with this name.
    static func isFile(_ descriptor: Int32, at path: String) -> Bool {
        var file = stat()
        // `fstat` fills the given structure.
        guard unsafe fstat(descriptor, &file) == 0, let named = facts(path) else { return false }
        return file.st_dev == named.st_dev && file.st_ino == named.st_ino
    }

    /// The identity of a file, independent of its name.
    struct FileIdentity: Equatable {
        let device: UInt64
        let number: UInt64
    }

    /// The bytes at an offset, fewer at the end of the file; `nil` if they cannot be read.
    static func bytes(_ descriptor: Int32, at offset: Int, _ count: Int) -> [UInt8]? {
        var read = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            // Reads at most the buffer's bytes.
            read = unsafe pread(descriptor, buffer.baseAddress, count, off_t(offset))
            filled = max(0, read)
        }
        return read < 0 ? nil : bytes
    }

    /// A big-endian number.
    static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    /// Up to 64 bytes from the start of a file.
    static func readText(_ descriptor: Int32) -> String {
        String(decoding: bytes(descriptor, at: 0, 64) ?? [], as: UTF8.self)
    }

    /// Replaces the contents of a file. They are only information for people, so errors are ignored.
    static func replaceText(_ descriptor: Int32, _ text: String) {
        guard ftruncate(descriptor, 0) == 0 else { return }
        write(descriptor, text)
    }

    /// Writes a short text at the start of a file.
    static func write(_ descriptor: Int32, _ text: String) { _ = write(descriptor, Array(text.utf8), at: 0) }

    /// - Returns: whether all bytes were written.
    private static func write(_ descriptor: Int32, _ bytes: [UInt8], at offset: Int) -> Bool {
        // Writes the array's own bytes.
        unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
            == bytes.count
    }

    /// Writes a new file, readable by its owner only, and syncs it. Replaces a file with this name.
    static func write(_ parts: some Sequence<[UInt8]>, toNew path: String) throws(SQLiteError) {
        remove(path)
        let descriptor = openOwn(path, O_RDWR | O_CREAT | O_EXCL)
        guard descriptor >= 0 else { throw SQLiteError(code: 14, systemError: errno, message: "cannot create \(path)") }
        defer { close(descriptor) }
        var size = 0
        for part in parts {
            guard write(descriptor, part, at: size) else {
                throw SQLiteError(code: 10, systemError: errno, message: "cannot write \(path)")
            }
            size += part.count
        }
        guard fsync(descriptor) == 0 else {
            throw SQLiteError(code: 10, systemError: errno, message: "cannot sync \(path)")
        }
    }

    /// The number of pages of a database, from its header; 0 if that cannot be read. No connection of this process may
    /// have the file open: closing the descriptor drops its locks.
    static func pagesInHeader(of path: String) -> Int64 {
        let descriptor = openOwn(path, O_RDONLY)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        // sqlite.org/fileformat2.html, 1.3
        guard let count = bytes(descriptor, at: 28, 4), count.count == 4 else { return 0 }
        return Int64(number(count[...]))
    }

    /// The processes with a lock on a file, with their names, as far as the kernel shows them to this process: readers
    /// of the database lock the index of its log. Never opens the file.
    ///
    /// - Returns: for example `process 4711 (sqlite3)`.
    static func lockHolders(of path: String) -> [String] {
        guard let facts = facts(path), let locks = FileAccess.text("/proc/locks") else { return [] }
        // 3: POSIX ADVISORY READ 4711 fd:01:1312 123 123
        let inode = ":\(facts.st_ino)"
        let processes = locks.split(separator: "\n").compactMap { line -> Int32? in
            let fields = line.split(separator: " ")
            guard let file = fields.firstIndex(where: { $0.hasSuffix(inode) }), file > 0 else { return nil }
            return Int32(fields[file - 1])
        }
        return Set(processes).subtracting([getpid()]).sorted().map { process in
            let name = FileAccess.text("/proc/\(process)/comm")?.split(separator: "\n").first
            return "process \(process)" + (name.map { " (\($0))" } ?? "")
        }
    }
}
