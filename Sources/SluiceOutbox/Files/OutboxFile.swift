internal import Glibc
internal import SluiceBase

/// The files of the outbox as the operating system sees them.
enum OutboxFile {
    /// Readable and writable by the owner alone: payloads hold what customers wrote.
    private static let mode: mode_t = 0o600

    /// Never follows a link in the place of the file, but for the folders above it.
    ///
    /// - Returns: the descriptor, or -1 with `errno` set.
    static func openOwn(_ path: String, _ flags: Int32) -> Int32 { open(path, flags | O_NOFOLLOW | O_CLOEXEC) }

    /// - Returns: the descriptor, or -1 with `errno` set.
    private static func open(_ path: String, _ flags: Int32) -> Int32 {
        // The path lives through the call.
        unsafe Glibc.open(path, flags, mode)
    }

    /// Makes the database file if it is not there, so that SQLite finds one with the right mode: the log and its index
    /// take theirs from it. Those of an outbox that others may read are closed to them.
    ///
    /// Must run before SQLite opens the file: closing the descriptor drops the locks of the process on it.
    ///
    /// - Parameter trustsOwner: as in `OutboxFolder.check`.
    static func prepare(_ path: String, trustsOwner: Bool = false) throws(StartupError) {
        let descriptor = openOwn(path, O_RDWR | O_CREAT)
        guard descriptor >= 0 else { throw problem(opening: path, errno) }
        defer { close(descriptor) }
        try check(descriptor, path, trustsOwner: trustsOwner)
        guard isOutboxOrEmpty(descriptor) else { return }
        try protect(descriptor, path)
        for file in [path + "-wal", path + "-shm"] { try protectIfThere(file, trustsOwner: trustsOwner) }
    }

    private static func protectIfThere(_ path: String, trustsOwner: Bool) throws(StartupError) {
        let descriptor = openOwn(path, O_RDWR)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw problem(opening: path, errno)
        }
        defer { close(descriptor) }
        try check(descriptor, path, trustsOwner: trustsOwner)
        try protect(descriptor, path)
    }

    /// Closes a file to others.
    static func protect(_ descriptor: Int32, _ path: String) throws(StartupError) {
        guard fchmod(descriptor, mode) == 0 else { throw problem(opening: path, errno) }
    }

    /// Refuses a named pipe, a device or a socket in the place of a file, and a file of another user, who could open it
    /// whatever its mode.
    ///
    /// - Parameter trustsOwner: as in `OutboxFolder.check`.
    static func check(_ descriptor: Int32, _ path: String, trustsOwner: Bool) throws(StartupError) {
        var facts = stat()
        // `fstat` fills the structure that is given.
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

    /// Whether a file has an outbox's mark in its header, or nothing yet. What is not an outbox is left as it is.
    private static func isOutboxOrEmpty(_ descriptor: Int32) -> Bool {
        var header = [UInt8](repeating: 0, count: 72)
        // Reads at most the array's bytes.
        let count = unsafe header.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return count == 0 }
        // The application id in a database's header (sqlite.org/fileformat2.html, 1.3).
        return count == header.count && header[68...].reduce(0) { $0 << 8 | Int64($1) } == Schema.applicationID
    }

    /// The sentence for a file that cannot be opened or made.
    static func problem(opening path: String, _ error: Int32) -> StartupError {
        let folder = folder(of: path)
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

    /// The folder that `path` is in.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Gives a file another name, in which nothing may be. Nothing happens where there is none.
    static func rename(_ path: String, to other: String) throws(SQLiteError) {
        // The paths are C strings for the call.
        guard unsafe Glibc.rename(path, other) != 0, errno != ENOENT else { return }
        let reason = SystemError.text(errno)
        throw SQLiteError(code: 14, message: "cannot rename \(path) to \(other): \(reason)")
    }

    /// Removes a file if it is there.
    static func remove(_ path: String) {
        // The path is a C string for the call.
        _ = unsafe unlink(path)
    }

    /// Gives a file that root made to the owner of another one.
    static func giveOwner(of path: String, to other: String) {
        var facts = stat()
        // `lstat` fills the structure that is given; the paths are C strings for the calls.
        guard geteuid() == 0, unsafe lstat(path, &facts) == 0 else { return }
        _ = unsafe lchown(other, facts.st_uid, facts.st_gid)
    }

    /// When a regular file was last written, in seconds since the epoch; nil where there is none.
    static func modified(_ path: String) -> Int64? {
        var facts = stat()
        // `lstat` fills the structure that is given.
        guard unsafe lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(facts.st_mtim.tv_sec)
    }

    /// Makes new names in the folder of `path` last through a power failure. File systems that cannot do that say so.
    static func syncFolder(of path: String) {
        let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// The size in bytes; 0 for a file that is not there.
    static func size(of path: String) -> Int {
        var facts = stat()
        // Asks by name: no descriptor of the database is opened or closed. A link has no size of its own here.
        return unsafe lstat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG ? Int(facts.st_size) : 0
    }

    /// Bytes that are free on the file system of `path`; nil if it does not say.
    static func freeBytes(at path: String) -> Int? {
        var facts = statvfs()
        // `statvfs` fills the structure that is given.
        guard unsafe statvfs(folder(of: path), &facts) == 0, facts.f_blocks > 0 else { return nil }
        let (bytes, isTooMany) = UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize))
        return isTooMany ? Int.max : Int(clamping: bytes)
    }

    /// Which files are at `path` and at its log's, whatever they hold; nil where one is not there.
    static func identity(of path: String) -> [FileIdentity]? {
        var found: [FileIdentity] = []
        for file in [path, path + "-wal"] {
            var facts = stat()
            guard unsafe lstat(file, &facts) == 0 else { return nil }
            found.append(FileIdentity(device: UInt64(facts.st_dev), number: UInt64(facts.st_ino)))
        }
        return found
    }

    /// A file, under whatever name.
    struct FileIdentity: Equatable {
        let device: UInt64
        let number: UInt64
    }

    /// Up to 64 bytes from the start of a file.
    static func readText(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 64)
        // Reads at most the array's bytes.
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// Replaces what a file holds. Only a remark for people: failing to write it is no error.
    static func replaceText(_ descriptor: Int32, _ text: String) {
        guard ftruncate(descriptor, 0) == 0 else { return }
        write(descriptor, text)
    }

    /// Writes a short text at the start of a file.
    static func write(_ descriptor: Int32, _ text: String) {
        var text = text
        // Writes the text's own bytes.
        text.withUTF8 { _ = unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    /// The whole of a small file of the system, such as those under `/proc`; nil when it cannot be read.
    static func contents(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16384)
        while true {
            // Reads at most the block's bytes.
            let count = unsafe block.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return count < 0 ? nil : String(decoding: contents, as: UTF8.self) }
            contents += block[..<count]
        }
    }

    /// The path with links resolved; as given where that fails.
    static func resolved(_ path: String) -> String {
        // The C library allocates the answer; it is copied and freed here.
        guard let resolved = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// The processes that have a file locked, with their names, as far as the kernel shows them to this process: those
    /// that read the database hold a lock of the index of its log. Never opens the file.
    ///
    /// - Returns: such as `process 4711 (sqlite3)`.
    static func lockHolders(of path: String) -> [String] {
        var facts = stat()
        guard unsafe lstat(path, &facts) == 0, let locks = contents("/proc/locks") else { return [] }
        // 3: POSIX ADVISORY READ 4711 fd:01:1312 123 123
        let inode = ":\(facts.st_ino)"
        let processes = locks.split(separator: "\n").compactMap { line -> Int32? in
            let fields = line.split(separator: " ")
            guard let file = fields.firstIndex(where: { $0.hasSuffix(inode) }), file > 0 else { return nil }
            return Int32(fields[file - 1])
        }
        return Set(processes).subtracting([getpid()]).sorted().map { process in
            let name = contents("/proc/\(process)/comm")?.split(separator: "\n").first
            return "process \(process)" + (name.map { " (\($0))" } ?? "")
        }
    }
}
