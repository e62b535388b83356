internal import SluiceBase
internal import Synchronization

/// How many connections a server has, by loop and by address. Shared by its loops.
final class ConnectionCensus: Sendable {
    /// What one loop tells the others, written by that loop alone.
    final class Loop: Sendable {
        let open = Atomic<Int>(0)
        /// Since when its longest idle connection is idle, in monotonic nanoseconds; `Int64.max` where none is.
        let longestIdleSince = Atomic<Int64>(.max)
    }

    let loops: [Loop]
    private let maximumPerAddress: Int
    private let unlimited: [AddressBlock]
    private let byAddress = Mutex<[SIMD16<UInt8>: Int]>([:])
    private enum Wait {
        case none
        case waiting(CheckedContinuation<Void, Never>)
        case over
    }

    private let wait = Mutex(Wait.none)
    private let isAwaited = Atomic<Bool>(false)

    init(loopCount: Int, maximumPerAddress: Int, unlimited: [AddressBlock]) {
        loops = (0..<loopCount).map { _ in Loop() }
        self.maximumPerAddress = maximumPerAddress
        self.unlimited = unlimited
    }

    private func isLimited(_ peer: PeerAddress) -> Bool {
        maximumPerAddress > 0 && !unlimited.contains { $0.contains(peer) }
    }

    /// All open connections.
    var total: Int { loops.reduce(0) { $0 + $1.open.load(ordering: .relaxed) } }

    /// The loop with the fewest connections, the first of them where several have as few.
    var emptiest: Int {
        var best = 0
        for index in loops.indices.dropFirst()
        where loops[index].open.load(ordering: .relaxed) < loops[best].open.load(ordering: .relaxed) {
            best = index
        }
        return best
    }

    /// The loop that has the connection that has been idle longest of all.
    var longestIdle: Int? {
        var best: (since: Int64, index: Int)?
        for index in loops.indices {
            let since = loops[index].longestIdleSince.load(ordering: .relaxed)
            if since < (best?.since ?? .max) { best = (since, index) }
        }
        return best?.index
    }

    /// Counts a connection to a loop, from the moment it is accepted, so that a burst is spread evenly.
    ///
    /// - Returns: `false` where its address has as many as it may have; nothing is counted then.
    func enter(_ peer: PeerAddress, loop: Int) -> Bool {
        if isLimited(peer) {
            let isAllowed = byAddress.withLock { counts in
                guard counts[peer.address, default: 0] < maximumPerAddress else { return false }
                counts[peer.address, default: 0] += 1
                return true
            }
            guard isAllowed else { return false }
        }
        loops[loop].open.wrappingAdd(1, ordering: .relaxed)
        return true
    }

    /// Waits until nothing is open, but no longer than `limit`. For one caller.
    func waitUntilEmpty(atMost limit: Duration) async {
        isAwaited.store(true, ordering: .relaxed)
        let timer = Task {
            // A cancelled sleep is a wait that is over.
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

    /// Takes a closed connection off the count.
    func leave(_ peer: PeerAddress, loop: Int) {
        loops[loop].open.wrappingSubtract(1, ordering: .relaxed)
        if isAwaited.load(ordering: .relaxed), total == 0 { endWait() }
        guard isLimited(peer) else { return }
        byAddress.withLock { counts in
            let left = counts[peer.address, default: 1] - 1
            counts[peer.address] = left > 0 ? left : nil
        }
    }
}
