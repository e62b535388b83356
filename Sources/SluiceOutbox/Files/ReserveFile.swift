internal import Glibc
internal import SluiceBase

/// Reserved disk space next to the database. It is released on a full disk, so that acknowledgements and deletions can
/// still be written; deliveries are accepted again only after it has been reserved again.
struct ReserveFile {
    let path: String
    /// Zero for no reserve, which then counts as held.
    let size: ByteCount
    /// As in `OutboxFolder.check`.
    let trustsOwner: Bool

    var isHeld: Bool { size.bytes == 0 || OutboxFile.size(of: path) >= size.bytes }

    /// Releases the space.
    func release() { OutboxFile.remove(path) }

    /// Reserves the space with allocated blocks (`posix_fallocate`). A link, a pipe or a file of another user in its
    /// place is removed first.
    ///
    /// - Parameter room: bytes that must be free in addition; not checked if the space is reserved already.
    /// - Returns: whether it is now reserved; after an error nothing is kept.
    func acquire(besides room: Int = 0) -> Bool {
        if size.bytes == 0 { return true }
        if let isHeld = hold(besides: room) { return isHeld }
        release()
        return hold(besides: room) ?? false
    }

    /// - Returns: `nil` if something else is in the file's place.
    private func hold(besides room: Int) -> Bool? {
        let descriptor = OutboxFile.openOwn(path, O_RDWR | O_CREAT)
        guard descriptor >= 0 else { return errno == ELOOP || errno == EACCES ? nil : false }
        defer { close(descriptor) }
        do throws(StartupError) {
            try OutboxFile.check(descriptor, path, trustsOwner: trustsOwner)
            try OutboxFile.protect(descriptor, path)
        } catch {
            return nil
        }
        if isHeld { return true }
        // Allocating the room as well proves that it is available, whatever the quotas.
        guard posix_fallocate(descriptor, 0, off_t(size.bytes + room)) == 0,
            ftruncate(descriptor, off_t(size.bytes)) == 0
        else {
            release()
            return false
        }
        return true
    }
}
