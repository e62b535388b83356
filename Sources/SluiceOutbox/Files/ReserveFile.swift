internal import Glibc
internal import SluiceBase

/// Space set aside beside the database. On a full disk it is given up, so that acknowledgements and deletions can still be
/// written; ingest goes on only when it has been set aside again.
struct ReserveFile {
    private let path: String
    private let size: ByteCount

    /// - Parameter size: zero for no reserve: it then counts as always held.
    init(path: String, size: ByteCount) {
        self.path = path
        self.size = size
    }

    var isHeld: Bool { size.bytes == 0 || OutboxFile.size(of: path) >= size.bytes }

    /// Gives the space back to the file system.
    func release() {
        // The path lives through the call.
        _ = unsafe unlink(path)
    }

    /// Sets the space aside, with real blocks (`posix_fallocate`).
    ///
    /// - Returns: whether it is held now; on failure nothing is kept.
    func acquire() -> Bool {
        if isHeld { return true }
        let descriptor = OutboxFile.openOwn(path, O_RDWR | O_CREAT)
        guard descriptor >= 0 else {
            // A link in its place is removed; the next try makes a file of its own.
            if errno == ELOOP { release() }
            return false
        }
        defer { close(descriptor) }
        guard posix_fallocate(descriptor, 0, off_t(size.bytes)) == 0 else {
            release()
            return false
        }
        return true
    }
}
