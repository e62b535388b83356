internal import Glibc
internal import SluiceBase

/// The file of a backup: named `….part` until it is complete and on the disk.
///
/// Blocking; not for event loops or the outbox's thread.
package final class BackupFile: Sendable {
    /// Space that a backup leaves free, in bytes, so that it does not fill a disk that the outbox uses, too.
    private static let spared = 256 << 20
    /// The size in bytes above which a copy is not checked, because that would take seconds.
    private static let maximumCheckedBytes = 256 << 20

    private let path: String
    private let descriptor: Int32

    /// The path of the incomplete copy.
    package var partialPath: String { path + ".part" }

    /// Creates the file, readable and writable by its owner only.
    ///
    /// - Parameters:
    ///   - path: absolute; nothing may be there.
    ///   - folder: the identity of the folder of `path` as the operator sees it, from `folderIdentity`; nil if the
    ///     operator started this process.
    ///   - bytes: the expected size.
    package init(_ path: String, inFolder folder: String?, bytes: Int) throws(OutboxError) {
        self.path = path
        let parent = FileAccess.folder(of: path)
        if let folder, Self.folderIdentity(of: path) != folder {
            throw .refused(
                "\(parent) is another folder for the gateway, which sees other file systems (a container, or "
                    + "PrivateTmp of systemd): name a folder that both see, such as the one of the outbox")
        }
        guard OutboxFile.facts(path) == nil else { throw .refused("\(path) exists; a backup never replaces a file") }
        let partial = path + ".part"
        let descriptor = OutboxFile.openOwn(partial, O_RDWR | O_CREAT | O_EXCL)
        guard descriptor >= 0 else { throw Self.error(creating: partial, errno) }
        self.descriptor = descriptor
        guard OutboxFile.freeBytes(at: partialPath).map({ $0 >= bytes + Self.spared }) ?? true else {
            discard()
            let needed = (bytes + (1 << 20) - 1) >> 20
            throw .refused("\(parent) needs \(needed) MiB plus \(Self.spared >> 20) MiB free for a backup")
        }
    }

    deinit { close(descriptor) }

    /// The device and inode of the folder of `path`; nil if it does not exist.
    package static func folderIdentity(of path: String) -> String? {
        (try? FileAccess.status(of: FileAccess.folder(of: path))).map { "\($0.device)-\($0.inode)" }
    }

    /// Waits until the part that was copied is on the disk, so that a backup is no faster than the disk and others can
    /// use it in between.
    package func sync() throws(OutboxError) {
        guard fdatasync(descriptor) == 0 else { throw failure(errno, "sync", at: partialPath) }
        guard OutboxFile.freeBytes(at: partialPath).map({ $0 >= Self.spared / 4 }) ?? true else {
            throw .refused("the backup stopped because the disk of \(path) is nearly full")
        }
    }

    /// Checks the complete copy, if it is not larger than `maximumCheckedBytes`: a damaged page is copied as it is.
    ///
    /// - Returns: nil if no damage was found, or nothing was checked.
    package func damage() -> String? {
        guard OutboxFile.size(of: partialPath) <= Self.maximumCheckedBytes else { return nil }
        do throws(SQLiteError) {
            // For writing, so that SQLite removes its log and index when it closes.
            let copy = try Connection(path: partialPath, vfs: nil, access: .readWrite)
            defer { copy.close() }
            try OutboxStore.checkWhole(copy)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Gives the complete file its name. Fails if a file with the name has appeared in the meantime.
    ///
    /// - Returns: its size in bytes.
    package func publish() throws(OutboxError) -> Int {
        guard fsync(descriptor) == 0 else { throw failure(errno, "sync", at: partialPath) }
        // A link instead of a rename, which would replace an existing file. The paths are C strings for the call.
        if unsafe link(partialPath, path) != 0 {
            guard errno != EEXIST else { throw .refused("\(path) exists; a backup never replaces a file") }
            guard [EPERM, ENOTSUP, ENOSYS].contains(errno) else { throw failure(errno, "create", at: path) }
            guard unsafe rename(partialPath, path) == 0 else { throw failure(errno, "create", at: path) }
        }
        discard()
        OutboxFile.syncFolder(of: path)
        return OutboxFile.size(of: path)
    }

    /// Removes the incomplete file.
    package func discard() { OutboxFile.remove(partialPath) }

    private static func error(creating path: String, _ number: Int32) -> OutboxError {
        guard number != EEXIST else {
            return .refused("\(path) exists: another backup is writing it, or was interrupted; in that case remove it")
        }
        return .refused(
            "cannot create \(path) as user \(geteuid()), who runs the gateway or this command: "
                + "\(SystemError.text(number))")
    }

    private func failure(_ number: Int32, _ what: String, at path: String) -> OutboxError {
        .refused("cannot \(what) \(path): \(SystemError.text(number))")
    }
}
