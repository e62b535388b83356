internal import Glibc
internal import SluiceBase

/// The folder that the outbox's files are in. Anyone who may write to it could replace them, or put links in their place.
enum OutboxFolder {
    /// What the system says about a folder.
    struct Facts {
        let mode: mode_t
        let owner: uid_t

        init(mode: mode_t, owner: uid_t) {
            self.mode = mode
            self.owner = owner
        }
    }

    /// Refuses a folder that others may write to. One that is not there is found when its files are opened.
    ///
    /// - Parameter trustsOwner: whether the folder may belong to another user where this process is root's: somebody looks at the outbox of
    ///   a service.
    static func check(_ folder: String, trustsOwner: Bool) throws(FatalProblem) {
        var found = stat()
        // `stat` fills the structure that is given.
        guard unsafe stat(folder, &found) == 0, found.st_mode & S_IFMT == S_IFDIR else { return }
        let facts = Facts(mode: found.st_mode & 0o7777, owner: found.st_uid)
        if let sentence = complaint(about: folder, facts, user: geteuid(), trustsOwner: trustsOwner) {
            throw FatalProblem(.unavailable, sentence)
        }
    }

    /// What is wrong with a folder, and what to do; nil where nothing is.
    static func complaint(about folder: String, _ facts: Facts, user: uid_t, trustsOwner: Bool = false) -> String? {
        let name = PrintableText.escape(folder)
        // In a folder with the sticky bit, such as /tmp, files are replaced by their owner alone.
        if facts.mode & (S_IWGRP | S_IWOTH) != 0, facts.mode & S_ISVTX == 0 {
            let mode = String(facts.mode, radix: 8)
            return "The outbox's folder \(name) may be written by other users (mode \(mode)), who could replace the outbox. "
                + "Take that right away (chmod go-w \(name)), or set outbox.path to a file in a folder of its own."
        }
        guard facts.owner != user, facts.owner != 0, !(trustsOwner && user == 0) else { return nil }
        return
            "The outbox's folder \(name) belongs to the user \(facts.owner), who could replace the outbox; this process runs as the user "
            + "\(user). Give the folder to the user \(user) (chown), or set outbox.path to a file in a folder of its own."
    }
}
