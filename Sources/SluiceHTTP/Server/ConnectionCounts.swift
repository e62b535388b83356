internal import SluiceBase
internal import Synchronization

/// Counts the connections of a server, by loop and by address. Shared by its loops.
final class ConnectionCounts: Sendable {
    /// The numbers of one loop for the others, written only by that loop.
    final class Loop: Sendable {
        let open = Atomic<Int>(0)
        /// The start of its longest idle time, in monotonic nanoseconds; `Int64.max` if no connection is idle.
        let longestIdleSince = Atomic<Int64>(.max)
    }

    let loops: [Loop]
    private let unlimited: [AddressBlock]
    private let register: Mutex<ConnectionRegister>
    private enum Wait {
        case none
        case waiting(CheckedContinuation<Void, Never>)
        case over
    }

    private let wait = Mutex(Wait.none)
    private let isAwaited = Atomic<Bool>(false)

    init(loopCount: Int, configuration: HTTPServerConfiguration) {
        loops = (0..<loopCount).map { _ in Loop() }
        unlimited = configuration.unlimitedAddresses
        register = Mutex(
            ConnectionRegister(
                maximum: configuration.maximumConnections,
                maximumPerAddress: configuration.maximumConnectionsPerAddress,
                maximumHandshakes: configuration.maximumHandshakes))
    }

    /// All open connections.
    var total: Int { loops.reduce(0) { $0 + $1.open.load(ordering: .relaxed) } }

    /// The loop with the fewest connections; the first of several.
    private var emptiest: Int {
        var best = 0
        for index in loops.indices.dropFirst()
        where loops[index].open.load(ordering: .relaxed) < loops[best].open.load(ordering: .relaxed) {
            best = index
        }
        return best
    }

    /// The loop with the connection that has been idle longest, if that is since before `time`.
    func loopOfLongestIdle(before time: Int64) -> Int? {
        var best = (since: time, index: -1)
        for index in loops.indices {
            let since = loops[index].longestIdleSince.load(ordering: .relaxed)
            if since < best.since { best = (since, index) }
        }
        return best.index >= 0 ? best.index : nil
    }

    /// Counts a connection towards the loop with the fewest, from the moment it is accepted, so that a burst is spread
    /// evenly.
    ///
    /// - Returns: `nil` if `ConnectionRegister` refuses it, and nothing is counted then; otherwise its ticket and the
    ///   connection to close for it.
    func enter(_ peer: PeerAddress) -> (ticket: ConnectionRegister.Ticket, victim: ConnectionRegister.Victim)? {
        let isExempt = unlimited.contains { $0.contains(peer) }
        return register.withLock { register in
            let entered = register.enter(peer, loop: emptiest, open: total, isExempt: isExempt)
            if let loop = entered?.ticket.loop { loops[loop].open.wrappingAdd(1, ordering: .relaxed) }
            return entered
        }
    }

    /// Records a change of a connection.
    ///
    /// - Returns: the connection whose handshake is closed for this one, if there are too many.
    func moved(
        _ ticket: ConnectionRegister.Ticket, from old: ConnectionRegister.Standing, to new: ConnectionRegister.Standing
    ) -> ConnectionRegister.Victim {
        register.withLock { $0.moved(ticket, from: old, to: new) }
    }

    /// Waits until no connection is open, at most `limit`. For one caller.
    func waitUntilEmpty(atMost limit: Duration) async {
        isAwaited.store(true, ordering: .relaxed)
        let timer = Task {
            // A cancelled sleep ends the wait.
            try? await Task.sleep(for: limit)
            endWait()
        }
        await withCheckedContinuation { continuation in
            let isOver = wait.withLock { wait in
                if case .over = wait { return true }
                wait = .waiting(continuation)
                return false
            }
            if isOver { continuation.resume() } else if total == 0 { endWait() }
        }
        timer.cancel()
    }

    private func endWait() {
        let before = wait.withLock { wait in
            defer { wait = .over }
            return wait
        }
        if case .waiting(let continuation) = before { continuation.resume() }
    }

    /// Removes a closed connection from the count.
    func leave(_ ticket: ConnectionRegister.Ticket) {
        register.withLock { $0.leave(ticket) }
        loops[ticket.loop].open.wrappingSubtract(1, ordering: .relaxed)
        if isAwaited.load(ordering: .relaxed), total == 0 { endWait() }
    }
}
