internal import Glibc

/// The file access that reading the configuration needs. Blocking; not for event loops.
package enum FileAccess {
    /// The metadata of a file that shows whether it changed.
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

    /// The error of a file or folder that cannot be read.
    package struct AccessError: Error, Sendable, Hashable, CustomStringConvertible {
        /// For example `No such file or directory`.
        package let description: String
        /// Whether the file does not exist, as far as this process may see.
        package let isMissing: Bool

        init(_ description: String) { (self.description, isMissing) = (description, false) }

        fileprivate init(errorNumber: Int32) {
            isMissing = errorNumber == ENOENT || errorNumber == ENOTDIR
            // The text belongs to the C library and is copied immediately.
            description = unsafe String(cString: strerror(errorNumber))
        }
    }

    /// Returns the metadata of a file. Follows symbolic links: Kubernetes puts two in front of each mounted file.
    package static func status(of path: String) throws(AccessError) -> Status {
        var status = stat()
        // `stat` fills the structure that is given.
        guard unsafe stat(path, &status) == 0 else { throw AccessError(errorNumber: errno) }
        return Status(status)
    }

    /// The owner and mode of a file and its folder, and the user of this process, as sentences for an error.
    package static func ownership(of path: String) -> String {
        let owners = [path, folder(of: path)].compactMap { name -> String? in
            var facts = stat()
            // `lstat` fills the given structure.
            guard unsafe lstat(name, &facts) == 0 else { return nil }
            return "\(name) belongs to user \(facts.st_uid) and has mode \(String(facts.st_mode & 0o7777, radix: 8))."
        }
        return (owners + ["This process runs as user \(geteuid())."]).joined(separator: " ")
    }

    /// The folder of a file, by its path.
    package static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The target of a dangling symbolic link; `nil` for anything else.
    package static func danglingTarget(of path: String) -> String? {
        var target = [CChar](repeating: 0, count: 4096)
        // Writes at most the array's bytes.
        let count = unsafe readlink(path, &target, target.count)
        guard count > 0, (try? status(of: path)) == nil else { return nil }
        let bytes = target[..<count].map { UInt8(bitPattern: $0) }
        return PrintableText.escape(String(decoding: bytes, as: UTF8.self), limit: 400)
    }

    /// The names in a folder without `.` and `..`, sorted by their bytes.
    package static func names(inFolder path: String) throws(AccessError) -> [String] {
        guard let stream = unsafe opendir(path) else { throw AccessError(errorNumber: errno) }
        // The stream belongs to this function and is closed on each exit.
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            // `d_name` ends in NUL and is inside the entry, which is valid until the next `readdir`.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Reads a whole regular file.
    ///
    /// - Parameter limit: in bytes; a larger file is an error and is not read further.
    package static func read(_ path: String, limit: Int) throws(AccessError) -> [UInt8] {
        // `O_NONBLOCK`: opening a named pipe must not wait for its writer. The path is a C string for the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw AccessError(errorNumber: errno) }
        defer { close(descriptor) }
        var status = stat()
        // `fstat` fills the given structure.
        guard unsafe fstat(descriptor, &status) == 0 else { throw AccessError(errorNumber: errno) }
        guard Status(status).isRegularFile else { throw AccessError("not a regular file") }
        return try content(of: descriptor, limit: limit)
    }

    /// The text of a system file, such as those under `/proc`; `nil` if it cannot be read.
    package static func text(_ path: String) -> String? {
        (try? read(path, limit: 16 << 20)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Reads standard input to its end.
    ///
    /// - Parameter limit: in bytes; more is an error.
    package static func readStandardInput(limit: Int) throws(AccessError) -> [UInt8] {
        try content(of: STDIN_FILENO, limit: limit)
    }

    /// Whether a file is in a folder or below it, with all symbolic links resolved.
    package static func isInside(_ path: String, folder: String) throws(AccessError) -> Bool {
        try resolve(path).hasPrefix(resolve(folder) + "/")
    }

    /// The absolute path of a file that need not exist yet, with the links of its folder resolved.
    package static func absolute(_ path: String) throws(AccessError) -> String {
        let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
        guard !name.isEmpty, name != ".", name != ".." else { throw AccessError("not the name of a file") }
        let folder = path.dropLast(name.count)
        let resolved = try resolve(folder.isEmpty ? "." : String(folder))
        return (resolved == "/" ? "" : resolved) + "/" + name
    }

    /// A path with all symbolic links resolved.
    package static func resolve(_ path: String) throws(AccessError) -> String {
        // The C library allocates the text, which is copied and freed here.
        guard let resolved = unsafe realpath(path, nil) else { throw AccessError(errorNumber: errno) }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// Creates a folder that only this user may enter, if it does not exist.
    package static func makeFolder(_ path: String) throws(AccessError) {
        // The path is a C string for the call.
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw AccessError(errorNumber: errno) }
    }

    /// Writes a file that only this user may read, from its creation on; an existing one is overwritten.
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
    /// The number of the line that was returned last, from 1 on.
    package private(set) var number = 0

    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - limit: the maximum length of a line, in bytes.
    package init(_ path: String, limit: Int) throws(FileAccess.AccessError) {
        self.limit = limit
        // The path is a C string for the call.
        descriptor = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileAccess.AccessError(errorNumber: errno) }
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    /// Returns the next non-empty line without its line feed; `nil` at the end.
    package mutating func next() throws(FileAccess.AccessError) -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                number += 1
                defer { start = end + 1 }
                if end > start { return Array(buffer[start..<end]) }
                searched = end + 1
                continue
            }
            buffer.removeFirst(start)
            (start, searched) = (0, buffer.count)
            guard buffer.count <= limit else { throw FileAccess.AccessError("a line has more than \(limit) bytes") }
            guard try fill() else {
                guard !buffer.isEmpty else { return nil }
                number += 1
                defer { buffer = [] }
                return buffer
            }
        }
    }

    /// - Returns: `false` at the end of the file.
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

/// The mounts that this process sees, from `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
package struct MountTable: Sendable {
    /// One row of the table.
    package struct Mount: Sendable, Hashable {
        /// The path inside the mounted file system. It ends in `//deleted` if it no longer exists.
        package let root: String
        /// The mount point.
        package let point: String
        /// `ext4`, `nfs4`, …
        package let kind: String
    }

    /// In the kernel's order: a later mount covers an earlier one at the same point.
    package let mounts: [Mount]

    /// - Parameter mountinfo: one line per mount; other lines are ignored.
    package init(_ mountinfo: String) {
        mounts = mountinfo.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 5, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { return nil }
            return Mount(
                root: Self.unescaped(fields[3]), point: Self.unescaped(fields[4]), kind: String(fields[dash + 1]))
        }
    }

    /// Reads the kernel's list; empty if there is none. Blocking.
    package static func current() -> MountTable {
        MountTable(FileAccess.text("/proc/self/mountinfo") ?? "")
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
