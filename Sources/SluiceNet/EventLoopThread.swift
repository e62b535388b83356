internal import Glibc
internal import SluiceBase
internal import Synchronization

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
