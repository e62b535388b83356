package import SluiceBase

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
