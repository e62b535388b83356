internal import Glibc

/// The few things that configuration reading needs of the file system. Blocking; not for event loops.
package enum FileAccess {
    /// What `stat` says about a file, as far as telling a change needs it.
    package struct Status: Sendable, Hashable {
        package let isRegularFile: Bool
        package let isFolder: Bool
        /// In bytes.
        package let size: Int
        /// Nanoseconds since the UNIX epoch at which the content, and the entry, last changed.
        package let modified: Int64
        package let changed: Int64
        package let device: UInt64
        package let inode: UInt64
    }

    /// Why a file or folder cannot be read.
    package struct AccessError: Error, Sendable, Hashable, CustomStringConvertible {
        /// `No such file or directory` and the like.
        package let description: String

        init(_ description: String) { self.description = description }

        fileprivate init(errorNumber: Int32) {
            // The text is the C library's own, copied at once.
            description = unsafe String(cString: strerror(errorNumber))
        }
    }

    /// Symbolic links are followed, as Kubernetes puts each mounted file behind two.
    package static func status(of path: String) throws(AccessError) -> Status {
        var status = stat()
        // `stat` fills the structure that is given.
        guard unsafe stat(path, &status) == 0 else { throw AccessError(errorNumber: errno) }
        return Status(status)
    }

    /// The names in a folder without `.` and `..`, sorted by their bytes.
    package static func names(inFolder path: String) throws(AccessError) -> [String] {
        guard let stream = unsafe opendir(path) else { throw AccessError(errorNumber: errno) }
        // The stream is this function's own and closed on each way out.
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            // `d_name` ends in NUL and lies inside the entry, which is valid until the next `readdir`.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The whole content of a regular file.
    ///
    /// - Parameter limit: in bytes; a larger file is a failure and is not read further.
    package static func read(_ path: String, limit: Int) throws(AccessError) -> [UInt8] {
        // `O_NONBLOCK`: opening a named pipe must not wait for its writer. The path is a C string for the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw AccessError(errorNumber: errno) }
        defer { close(descriptor) }
        var status = stat()
        // `fstat` fills the structure that is given.
        guard unsafe fstat(descriptor, &status) == 0 else { throw AccessError(errorNumber: errno) }
        guard Status(status).isRegularFile else { throw AccessError("not a regular file") }
        return try content(of: descriptor, limit: limit)
    }

    /// All that comes on standard input, to its end.
    ///
    /// - Parameter limit: in bytes; more is a failure.
    package static func readStandardInput(limit: Int) throws(AccessError) -> [UInt8] {
        try content(of: STDIN_FILENO, limit: limit)
    }

    /// Whether a file lies in a folder or below it, once all symbolic links have been followed.
    package static func isInside(_ path: String, folder: String) throws(AccessError) -> Bool {
        try resolve(path).hasPrefix(resolve(folder) + "/")
    }

    /// The path of a file that need not be there yet, from the root on and with the links of its folder resolved.
    package static func absolute(_ path: String) throws(AccessError) -> String {
        let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
        guard !name.isEmpty, name != ".", name != ".." else { throw AccessError("not the name of a file") }
        let folder = path.dropLast(name.count)
        let resolved = try resolve(folder.isEmpty ? "." : String(folder))
        return (resolved == "/" ? "" : resolved) + "/" + name
    }

    /// A path without symbolic links, as the kernel knows it.
    package static func resolve(_ path: String) throws(AccessError) -> String {
        // The C library allocates the text, which is copied and freed here.
        guard let resolved = unsafe realpath(path, nil) else { throw AccessError(errorNumber: errno) }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// Makes a folder that only this user may enter, if there is none.
    package static func makeFolder(_ path: String) throws(AccessError) {
        // The path is a C string for the call.
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw AccessError(errorNumber: errno) }
    }

    /// Writes a file that only this user may read, from its first moment on; one that is there is overwritten.
    package static func writePrivate(_ bytes: [UInt8], to path: String) throws(AccessError) {
        // The path is a C string for the call.
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw AccessError(errorNumber: errno) }
        defer { close(descriptor) }
        // The array outlives the call.
        guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw AccessError(errorNumber: errno)
        }
    }

    private static func content(of descriptor: Int32, limit: Int) throws(AccessError) -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit + 1, 64 << 10))
        while content.count <= limit {
            // At most `chunk.count` bytes are written into `chunk`.
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return content }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw AccessError(errorNumber: errno) }
            content.append(contentsOf: chunk[..<count])
        }
        throw AccessError("larger than \(limit) bytes")
    }
}

/// The lines of a file that may be larger than memory. Blocking.
package struct FileLines: ~Copyable {
    private let descriptor: Int32
    private let limit: Int
    private var buffer: [UInt8] = []
    private var start = 0

    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - limit: the longest line, in bytes.
    package init(_ path: String, limit: Int) throws(FileAccess.AccessError) {
        self.limit = limit
        // The path is a C string for the call.
        descriptor = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileAccess.AccessError(errorNumber: errno) }
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    /// The next line without its line feed; nil at the end. Empty lines are left out.
    package mutating func next() throws(FileAccess.AccessError) -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                defer { start = end + 1 }
                if end > start { return Array(buffer[start..<end]) }
                searched = end + 1
                continue
            }
            buffer.removeFirst(start)
            (start, searched) = (0, buffer.count)
            guard buffer.count <= limit else { throw FileAccess.AccessError("a line has more than \(limit) bytes") }
            guard try fill() else {
                defer { buffer = [] }
                return buffer.isEmpty ? nil : buffer
            }
        }
    }

    /// - Returns: false at the end of the file.
    private mutating func fill() throws(FileAccess.AccessError) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            // At most `chunk.count` bytes are written into `chunk`.
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileAccess.AccessError(errorNumber: errno) }
            buffer += chunk[..<count]
            return count > 0
        }
    }
}

extension FileAccess.Status {
    fileprivate init(_ status: stat) {
        isRegularFile = status.st_mode & S_IFMT == S_IFREG
        isFolder = status.st_mode & S_IFMT == S_IFDIR
        size = Int(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// The mounts that this process sees, as `/proc/self/mountinfo` has them (proc_pid_mountinfo(5)).
package struct MountTable: Sendable {
    package struct Mount: Sendable, Hashable {
        /// What of the mounted file system is seen, as a path in it. It ends in `//deleted` if that no longer exists.
        package let root: String
        /// Where it is seen.
        package let point: String
        /// `ext4`, `nfs4`, …
        package let kind: String
    }

    /// In the order of the list: a later one covers an earlier one at the same place.
    package let mounts: [Mount]

    /// - Parameter mountinfo: a line for each mount; other lines are ignored.
    package init(_ mountinfo: String) {
        mounts = mountinfo.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 5, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { return nil }
            return Mount(
                root: Self.unescaped(fields[3]), point: Self.unescaped(fields[4]), kind: String(fields[dash + 1]))
        }
    }

    /// The list of the kernel; empty where there is none. Blocking.
    package static func current() -> MountTable {
        let bytes = try? FileAccess.read("/proc/self/mountinfo", limit: 16 << 20)
        return MountTable(String(decoding: bytes ?? [], as: UTF8.self))
    }

    /// The kernel writes a space in a path as `\040`.
    private static func unescaped(_ field: Substring) -> String {
        var text = String(field)
        for (escape, character) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
            text = text.split(separator: escape, omittingEmptySubsequences: false).joined(separator: character)
        }
        return text
    }
}
