internal import Glibc
import SluiceBase
import SluiceNet
import Synchronization

/// A process that a test has started. Killed, at the latest, when its last reference is released.
final class ChildProcess: Sendable {
    /// How it ended.
    enum Ending: Sendable, Hashable {
        case exited(Int32)
        case signalled(Int32)
    }

    struct StartFailure: Error, CustomStringConvertible {
        let description: String
    }

    /// What the thread that waits for the process shares with it.
    private final class Life: Sendable {
        let ending = Mutex<Ending?>(nil)
    }

    let id: pid_t
    let output = LineLog()
    let errors = LineLog()
    private let life = Life()
    /// Finished when the process has ended.
    private let end = LineLog()
    private let input: Mutex<Int32>

    /// - Parameters:
    ///   - path: the program; looked for in `PATH` where it has no slash.
    ///   - folder: its working folder.
    ///   - hasInput: whether `write(_:)` reaches its standard input, which is empty otherwise.
    init(
        _ path: String, _ arguments: [String], environment: [String: String], folder: String, hasInput: Bool = false
    ) throws {
        let pipes = (input: try ProcessPipe(), output: try ProcessPipe(), errors: try ProcessPipe())
        defer {
            pipes.input.closeReading()
            pipes.output.closeWriting()
            pipes.errors.closeWriting()
        }
        // The shell becomes the program, which so has the process's number.
        let words = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder, path] + arguments
        id = try ProcessSpawn.start(
            words, environment: environment, input: pipes.input.reading, output: pipes.output.writing,
            errors: pipes.errors.writing)
        Undertaker.shared?.began(id)
        input = Mutex(pipes.input.writing)
        if !hasInput { closeInput() }
        try Self.read(pipes.output.reading, into: output)
        try Self.read(pipes.errors.reading, into: errors)
        try Self.watch(id, life, end)
    }

    deinit {
        kill()
        closeInput()
    }

    // MARK: - Signals and the end

    /// Sends a signal, unless the process has ended.
    func send(_ signal: Int32) {
        life.ending.withLock { ending in
            // The process is reaped under the same lock, so that its number cannot belong to another one.
            if ending == nil { _ = Glibc.kill(id, signal) }
        }
    }

    /// Ends the process as `kill -9` does.
    func kill() { send(SIGKILL) }

    /// Waits until the process has ended and all its output is here.
    ///
    /// - Throws: with all of its output, when it has not ended in time.
    func ending(within limit: Duration = .seconds(300)) async throws -> Ending {
        do {
            try await end.end(within: limit)
            try await output.end()
            try await errors.end()
        } catch {
            throw LineLog.NotSeen(description: "the process did not end:\n\(output.text)\(errors.text)")
        }
        return life.ending.withLock { $0 } ?? .exited(-1)
    }

    var isRunning: Bool { life.ending.withLock { $0 == nil } }

    // MARK: - Input

    func write(_ text: String) async throws {
        let descriptor = input.withLock { $0 }
        try await blocking {
            let bytes = Array(text.utf8)
            var done = 0
            while done < bytes.count {
                let count = unsafe bytes.withUnsafeBytes {
                    unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done)
                }
                guard count > 0 else { throw StartFailure(description: "the process does not read its input") }
                done += count
            }
        }
    }

    func closeInput() {
        input.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    // MARK: - The C side

    private static func read(_ descriptor: Int32, into log: LineLog) throws {
        try SystemThread.start(name: "read") {
            var block = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = unsafe block.withUnsafeMutableBytes {
                    unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
                }
                guard count > 0 else { break }
                log.append(block[..<count])
            }
            close(descriptor)
            log.finish()
        }
    }

    private static func watch(_ id: pid_t, _ life: Life, _ end: LineLog) throws {
        try SystemThread.start(name: "wait") {
            var about = unsafe siginfo_t()
            // Leaves the process unreaped, so that its number stays its own until the lock is held.
            while unsafe waitid(P_PID, id_t(id), &about, WEXITED | WNOWAIT) == -1, errno == EINTR {}
            life.ending.withLock { ending in
                var status: Int32 = 0
                unsafe waitpid(id, &status, 0)
                Undertaker.shared?.ended(id)
                ending = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
            }
            end.finish()
        }
    }
}
