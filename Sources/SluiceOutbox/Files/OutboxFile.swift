internal import Glibc
internal import SluiceBase

/// The files of the outbox as the operating system sees them.
enum OutboxFile {
    /// Readable and writable by the owner alone: payloads hold what customers wrote.
    private static let mode: mode_t = 0o600

    /// - Returns: the descriptor, or -1 with `errno` set.
    static func open(_ path: String, _ flags: Int32) -> Int32 {
        // The path lives through the call.
        unsafe Glibc.open(path, flags, mode)
    }

    /// Makes the database file if it is not there, so that SQLite finds one with the right mode: the log and its index take theirs
    /// from it.
    ///
    /// Must run before SQLite opens the file.
    static func prepare(_ path: String) throws(FatalProblem) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC)
        guard descriptor >= 0 else { throw problem(opening: path, errno) }
        close(descriptor)
    }

    /// Closes an outbox that others may read to them. By name, since SQLite has it open; and only once it is known to be an outbox.
    static func protect(_ path: String) throws(FatalProblem) {
        for file in [path, path + "-wal", path + "-shm"] {
            guard unsafe chmod(file, mode) == 0 || errno == ENOENT else { throw problem(opening: file, errno) }
        }
    }

    /// The sentence for a file that cannot be opened or made.
    static func problem(opening path: String, _ error: Int32) -> FatalProblem {
        let folder = folder(of: path)
        let sentence =
            switch error {
            case ENOENT: "The outbox's folder \(folder) does not exist."
            case EACCES, EPERM, EROFS:
                "The outbox's folder \(folder) must be writable, and its files too: \(path): \(SystemError.text(error))."
            case EISDIR: "\(path) is a folder; the outbox is a file."
            default: "\(path): \(SystemError.text(error))."
            }
        return FatalProblem(.unavailable, sentence)
    }

    /// The folder that `path` is in.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The size in bytes; 0 for a file that is not there.
    static func size(of path: String) -> Int {
        var facts = stat()
        // Asks by name: no descriptor of the database is opened or closed.
        return unsafe stat(path, &facts) == 0 ? Int(facts.st_size) : 0
    }

    /// Which files are at `path` and at its log's, whatever they hold; nil where one is not there.
    static func identity(of path: String) -> [FileIdentity]? {
        var found: [FileIdentity] = []
        for file in [path, path + "-wal"] {
            var facts = stat()
            guard unsafe stat(file, &facts) == 0 else { return nil }
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
}
