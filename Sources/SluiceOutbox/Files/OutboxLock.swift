internal import Glibc
internal import SluiceBase

/// Keeps a second process away from the outbox: an exclusive `flock` on a file beside it, for as long as this object
/// lives.
///
/// The database file itself must not be opened other than through SQLite: closing any descriptor of it drops the POSIX
/// locks of the whole process.
final class OutboxLock {
    private let descriptor: Int32

    /// - Parameters:
    ///   - path: the lock file; it is made if it is not there, and stays.
    ///   - trustsOwner: as in `OutboxFolder.check`.
    ///   - wait: how long to wait for another holder.
    ///   - pause: called between two tries with the time to wait; nil for the system's sleep.
    ///   - held: called once, with a sentence, when somebody else holds it and it is waited for.
    /// - Throws: `StartupError(.unavailable)`, naming the holder where it is known.
    init(
        path: String, trustsOwner: Bool = false, waitingFor wait: Duration, time: any TimeSource,
        pause: ((Duration) -> Void)? = nil,
        held: ((String) -> Void)? = nil
    ) throws(StartupError) {
        let file = OutboxFile.openOwn(path, O_RDWR | O_CREAT)
        guard file >= 0 else { throw OutboxFile.problem(opening: path, errno) }
        do throws(StartupError) {
            try OutboxFile.check(file, path, trustsOwner: trustsOwner)
            try OutboxFile.protect(file, path)
            try Self.lock(file, path, wait: wait, time: time, pause: pause ?? Self.sleep, tell: held)
        } catch {
            close(file)
            throw error
        }
        OutboxFile.replaceText(file, "\(getpid())\n")
        // Set last: from here on letting go of this object wipes the holder's name.
        descriptor = file
    }

    private static func lock(
        _ file: Int32, _ path: String, wait: Duration, time: any TimeSource, pause: (Duration) -> Void,
        tell: ((String) -> Void)?
    ) throws(StartupError) {
        let deadline = time.monotonicNanoseconds() + wait.wholeNanoseconds
        var tell = wait > .zero ? tell : nil
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            let failure = errno
            guard failure == EWOULDBLOCK || failure == EINTR else {
                throw StartupError(.unavailable, "\(path): cannot lock: \(SystemError.text(failure)).")
            }
            guard time.monotonicNanoseconds() < deadline else { throw held(path, by: OutboxFile.readText(file), wait) }
            tell?(
                "\(path) is locked by \(name(of: OutboxFile.readText(file))); waiting "
                    + "at most \(DurationText.format(wait))"
            )
            tell = nil
            pause(.milliseconds(50))
        }
    }

    deinit {
        // The file stays: removing it would let two processes lock two files of one name.
        OutboxFile.replaceText(descriptor, "")
        close(descriptor)
    }

    private static func held(_ path: String, by holder: String, _ wait: Duration) -> StartupError {
        let waited = wait > .zero ? " for \(DurationText.format(wait))" : ""
        return StartupError(
            .unavailable, "\(path) is locked by \(name(of: holder))\(waited): only one process can use an outbox.")
    }

    private static func name(of holder: String) -> String {
        Int(holder.prefix { $0.isNumber }).map { "process \($0)" } ?? "another process"
    }

    private static func sleep(_ duration: Duration) {
        usleep(UInt32(duration.wholeMilliseconds) * 1000)
    }
}
