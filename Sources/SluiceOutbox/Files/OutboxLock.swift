internal import Glibc
internal import SluiceBase

/// Excludes other processes from the outbox: an exclusive `flock` on a file next to it, as long as this object exists.
///
/// The database file itself must only be opened through SQLite: closing any descriptor of it drops the POSIX locks of
/// the whole process.
final class OutboxLock {
    private let descriptor: Int32
    private let path: String
    /// Whether the file was created here and is removed again.
    private var isTemporary: Bool

    /// - Parameters:
    ///   - outbox: the database file. The lock file next to it is created if it does not exist, and removed again
    ///     unless `keep` is called.
    ///   - trustsOwner: as in `OutboxFolder.check`.
    ///   - wait: the maximum time to wait for another holder.
    ///   - needsStop: whether no command of a running gateway does the same.
    ///   - pause: called between two attempts with the time to wait; `nil` for the system's sleep.
    ///   - held: called once, with a sentence, if it waits for another holder.
    /// - Throws: `StartupError(.unavailable)`, naming the holder if it is known.
    init(
        of outbox: String, trustsOwner: Bool = false, waitingFor wait: Duration, needsStop: Bool = false,
        time: any TimeSource, pause: ((Duration) -> Void)? = nil,
        held: ((String) -> Void)? = nil
    ) throws(StartupError) {
        let path = outbox + ".lock"
        let isNew = OutboxFile.modified(path) == nil
        var file = OutboxFile.openOwn(path, O_RDWR | O_CREAT)
        while true {
            guard file >= 0 else { throw OutboxFile.problem(opening: path, errno) }
            do throws(StartupError) {
                try OutboxFile.check(file, path, trustsOwner: trustsOwner)
                try OutboxFile.protect(file, path)
                // The gateway of another user must be able to open it after a command of root.
                if isNew { OutboxFile.giveOwner(of: outbox, to: path) }
                try Self.lock(
                    file, path, wait: wait, needsStop: needsStop, time: time, pause: pause ?? Self.sleep, tell: held)
            } catch {
                close(file)
                throw error
            }
            // The holder before may have removed it.
            if OutboxFile.isFile(file, at: path) { break }
            close(file)
            file = OutboxFile.openOwn(path, O_RDWR | O_CREAT)
        }
        OutboxFile.replaceText(file, "\(getpid())\n")
        (self.path, isTemporary) = (path, isNew)
        // Set last: from here on, releasing this object removes the holder's name.
        descriptor = file
    }

    /// Leaves the file in place when the lock is released: what it is next to is an outbox.
    func keep() { isTemporary = false }

    private static func lock(
        _ file: Int32, _ path: String, wait: Duration, needsStop: Bool, time: any TimeSource,
        pause: (Duration) -> Void, tell: ((String) -> Void)?
    ) throws(StartupError) {
        let deadline = time.monotonicNanoseconds() + wait.wholeNanoseconds
        var tell = wait > .zero ? tell : nil
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            let failure = errno
            guard failure == EWOULDBLOCK || failure == EINTR else {
                throw StartupError(.unavailable, "\(path): cannot lock: \(SystemError.text(failure)).")
            }
            guard time.monotonicNanoseconds() < deadline else {
                throw held(path, by: OutboxFile.readText(file), wait: wait, needsStop: needsStop)
            }
            tell?(
                "\(path) is locked by \(name(of: OutboxFile.readText(file))); waiting "
                    + "at most \(DurationText.format(wait))"
            )
            tell = nil
            pause(.milliseconds(50))
        }
    }

    deinit {
        OutboxFile.replaceText(descriptor, "")
        // Before the lock is released: a process that waits for it then finds that its file has lost the name.
        if isTemporary { OutboxFile.remove(path) }
        close(descriptor)
    }

    private static func held(_ path: String, by holder: String, wait: Duration, needsStop: Bool) -> StartupError {
        let waited = wait > .zero ? " for \(DurationText.format(wait))" : ""
        // Commands do not wait. A gateway that has started would have answered the others.
        let command =
            needsStop
            ? " Stop the gateway first."
            : " A gateway that is starting or saving a damaged outbox answers commands afterwards."
        let hint = wait > .zero ? "" : command
        return StartupError(
            .unavailable,
            "\(path) is locked by \(name(of: holder))\(waited): only one process can use an outbox.\(hint)")
    }

    private static func name(of holder: String) -> String {
        Int(holder.prefix { $0.isNumber }).map { "process \($0)" } ?? "another process"
    }

    private static func sleep(_ duration: Duration) {
        usleep(UInt32(duration.wholeMilliseconds) * 1000)
    }
}
