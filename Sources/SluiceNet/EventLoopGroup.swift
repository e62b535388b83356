internal import Glibc
package import SluiceBase
internal import Synchronization

/// The event loops of a service, each on its own thread.
package final class EventLoopGroup: Sendable {
    private let threads: [EventLoopThread]

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - count: from 1 to 256.
    ///   - name: of the threads, as shown by `top -H`; truncated to 15 bytes with the loop's number.
    ///   - stalled: called for each turn of a loop of more than 50 ms, or of more than 20 ms of CPU time, with the name
    ///     of its thread, on that thread.
    package init(
        count: Int, name: String, time: any TimeSource = SystemTime(),
        stalled: (@Sendable (String, LoopStall) -> Void)? = nil
    ) throws(SystemCallError) {
        precondition((1...256).contains(count), "between 1 and 256 event loops")
        var threads: [EventLoopThread] = []
        for index in 0..<count {
            let thread = "\(name)-\(index)"
            var report: (@Sendable (LoopStall) -> Void)?
            if let stalled { report = { stalled(thread, $0) } }
            threads.append(try EventLoopThread(index: index, name: thread, time: time, stalled: report))
        }
        self.threads = threads
    }

    package var count: Int { threads.count }

    /// The mailbox of each loop, in the order of their indices.
    package var mailboxes: [LoopMailbox] { threads.map(\.mailbox) }

    /// Runs `body` on a loop's thread and returns its result. Must not be called on a loop.
    package func run<Result: Sendable>(on index: Int, _ body: @escaping @Sendable (EventLoop) -> Result) async
        -> Result?
    {
        let mailbox = threads[index].mailbox
        return await withCheckedContinuation { continuation in
            let isAccepted = mailbox.post { loop in continuation.resume(returning: body(loop)) }
            if !isAccepted { continuation.resume(returning: nil) }
        }
    }

    /// Stops the loops after their current wake-up and waits for the threads to end.
    package func stop() async {
        for thread in threads { thread.stop() }
        for thread in threads { await thread.ended() }
    }
}

/// A thread that runs one event loop from start to stop.
final class EventLoopThread: Sendable {
    private enum State {
        case running([CheckedContinuation<Void, Never>])
        case ended
    }

    let mailbox: LoopMailbox
    private let state = Mutex(State.running([]))

    init(
        index: Int, name: String, time: any TimeSource, stalled: (@Sendable (LoopStall) -> Void)?
    ) throws(SystemCallError) {
        let mailbox = try LoopMailbox()
        self.mailbox = mailbox
        do throws(SystemThread.StartError) {
            try SystemThread.start(name: name) { [self] in run(index: index, time: time, stalled: stalled) }
        } catch {
            throw SystemCallError("pthread_create", code: error.code)
        }
    }

    private func run(index: Int, time: any TimeSource, stalled: (@Sendable (LoopStall) -> Void)?) {
        // A process without a free descriptor at this point cannot serve.
        guard let loop = try? EventLoop(index: index, mailbox: mailbox, time: time, stalled: stalled) else {
            preconditionFailure("an event loop needs an epoll descriptor; the limit on open files is too low")
        }
        loop.run()
        mailbox.close(on: loop)
        finish()
    }

    /// Stops the loop after its current wake-up.
    func stop() {
        mailbox.post { $0.stop() }
    }

    /// Returns when the thread's loop has ended.
    func ended() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                switch state {
                case .running(let waiting):
                    state = .running(waiting + [continuation])
                    return false
                case .ended:
                    return true
                }
            }
            if isOver { continuation.resume() }
        }
    }

    private func finish() {
        let waiting: [CheckedContinuation<Void, Never>] = state.withLock { state in
            guard case .running(let waiting) = state else { return [] }
            state = .ended
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
