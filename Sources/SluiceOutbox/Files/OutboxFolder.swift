internal import Glibc
internal import SluiceBase

/// The folder that contains the outbox's files. Anyone who may write to it could replace them, or put links in their
/// place.
enum OutboxFolder {
    /// Owner, group and mode of a folder.
    struct Facts {
        let mode: mode_t
        let owner: uid_t
        /// Whether its group is one of the process's groups.
        var isOfOwnGroup = false

        /// Whether root owns the folder and, apart from root, only a group of this process may write to it, as in a
        /// Kubernetes volume with `fsGroup`.
        func isGiven(to user: uid_t) -> Bool {
            isOfOwnGroup && owner == 0 && user != 0 && mode & S_ISGID != 0 && mode & S_IWOTH == 0
        }
    }

    /// Refuses a folder that others may write to. A missing one is found when its files are opened.
    ///
    /// - Parameter trustsOwner: whether the folder may belong to another user if this process runs as root, such as for
    ///   a command on a service's outbox.
    static func check(_ folder: String, trustsOwner: Bool) throws(StartupError) {
        var found = stat()
        // `stat` fills the given structure.
        guard unsafe stat(folder, &found) == 0, found.st_mode & S_IFMT == S_IFDIR else { return }
        let facts = Facts(mode: found.st_mode & 0o7777, owner: found.st_uid, isOfOwnGroup: isOwnGroup(found.st_gid))
        if let sentence = complaint(about: folder, facts, user: geteuid(), trustsOwner: trustsOwner) {
            throw StartupError(.unavailable, sentence)
        }
    }

    private static func isOwnGroup(_ group: gid_t) -> Bool {
        if group == getegid() { return true }
        var groups = [gid_t](repeating: 0, count: max(1, Int(getgroups(0, nil))))
        // Fills at most the array.
        let count = unsafe groups.withUnsafeMutableBufferPointer { unsafe getgroups(Int32($0.count), $0.baseAddress) }
        return groups.prefix(max(0, Int(count))).contains(group)
    }

    /// The problem with a folder and the remedy; nil if there is none.
    static func complaint(about folder: String, _ facts: Facts, user: uid_t, trustsOwner: Bool = false) -> String? {
        let name = PrintableText.escape(folder)
        // In a folder with the sticky bit, such as /tmp, only their owner can replace files.
        if facts.mode & (S_IWGRP | S_IWOTH) != 0, facts.mode & S_ISVTX == 0, !facts.isGiven(to: user) {
            let mode = String(facts.mode, radix: 8)
            return
                "The outbox folder \(name) is writable by other users (mode \(mode), owner \(facts.owner); "
                + "this process runs as user \(user)), who could replace the outbox. "
                + "Run chmod go-w \(name), or set outbox.path to a file in a separate folder."
        }
        if isTrusted(owner: facts.owner, user: user, trustsOwner: trustsOwner) { return nil }
        return
            "The outbox folder \(name) belongs to user \(facts.owner), who could replace the outbox; this "
            + "process runs as user "
            + "\(user). Change its owner to user \(user) (chown), or set outbox.path to a file in a separate "
            + "folder."
    }

    /// Whether the owner of a folder or file is the process's user or root, or is trusted because root works on a
    /// service's outbox.
    static func isTrusted(owner: uid_t, user: uid_t, trustsOwner: Bool) -> Bool {
        owner == user || owner == 0 || (trustsOwner && user == 0)
    }
}
