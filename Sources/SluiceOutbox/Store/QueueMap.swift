internal import Synchronization

/// Where in a backlog each queue has jobs, so that the jobs of one queue can be read without those of the others before
/// them. Of each 256 jobs it has 8 bytes. Knows what this process has stored. Callable from any thread.
package final class QueueMap: Sendable {
    /// Queues after the 63rd share this number.
    package static let others = 63
    private static let blockShift: Int64 = 8

    private struct State {
        var numbers: [String: Int] = [:]
        var names: [String] = []
        /// The last job of each queue.
        var last: [Int64] = Array(repeating: 0, count: others + 1)
        var latest: Int64 = 0
        /// One bit for each queue that has a job in the block.
        var blocks: [UInt64] = []
        var firstBlock: Int64 = 0
        /// What was stored before this process started.
        var unknownEnd: Int64 = 1

        mutating func add(_ job: Int64, _ queue: Int) {
            let block = job >> QueueMap.blockShift
            if blocks.isEmpty { firstBlock = block }
            while Int64(blocks.count) <= block - firstBlock { blocks.append(0) }
            blocks[Int(block - firstBlock)] |= 1 << UInt64(queue)
            last[queue] = job
            latest = max(latest, job)
        }
    }

    private let state = Mutex(State())

    /// - Parameter last: up to this one, an earlier process stored the jobs.
    package init(after last: Int64 = 0) { start(after: last) }

    /// Jobs up to this one were stored before this process started: nothing else is known of them.
    func start(after last: Int64) {
        state.withLock { ($0.latest, $0.unknownEnd) = (last, last + 1) }
    }

    /// Jobs were stored.
    func add(_ jobs: [(id: Int64, queue: String)]) {
        guard !jobs.isEmpty else { return }
        state.withLock { state in
            for job in jobs {
                let queue = Self.number(of: job.queue, in: &state)
                state.add(job.id, queue)
            }
        }
    }

    /// The number of a queue, a new one if it was never asked for.
    package func number(of queue: String) -> Int { state.withLock { Self.number(of: queue, in: &$0) } }

    private static func number(of queue: String, in state: inout State) -> Int {
        if let number = state.numbers[queue] { return number }
        guard state.numbers.count < others else { return others }
        let number = state.names.count
        state.numbers[queue] = number
        state.names.append(queue)
        return number
    }

    /// A copy of what a read in turns needs.
    package var view: View {
        state.withLock { state in
            View(
                names: state.names, latest: state.latest, unknownEnd: state.unknownEnd, last: state.last,
                blocks: state.blocks, firstBlock: state.firstBlock)
        }
    }

    /// The last job; those before it are readable.
    package var latest: Int64 { state.withLock { $0.latest } }

    /// How many queues are known.
    package var count: Int { state.withLock { $0.names.count } }

    /// The first job that was not stored before this process started.
    package var unknownEnd: Int64 { state.withLock { $0.unknownEnd } }

    /// Nothing below this job is asked for any more.
    package func forget(below job: Int64) {
        state.withLock { state in
            let passed = Int((job >> Self.blockShift) - state.firstBlock)
            // In large steps: each moves what is left.
            guard passed > 4096 || passed >= state.blocks.count, passed > 0 else { return }
            let removed = min(passed, state.blocks.count)
            state.blocks.removeFirst(removed)
            state.firstBlock += Int64(removed)
        }
    }

    /// The map at one moment.
    package struct View: Sendable {
        /// By the number of each queue.
        let names: [String]
        /// The last job; those before it are readable.
        package let latest: Int64
        /// The first job that was not stored before this process started.
        package let unknownEnd: Int64
        let last: [Int64]
        let blocks: [UInt64]
        let firstBlock: Int64

        /// The numbers of all queues.
        package var queues: [Int] { Array(names.indices) + [QueueMap.others] }

        /// nil for those that share a number.
        package func name(of queue: Int) -> String? { names.indices.contains(queue) ? names[queue] : nil }

        /// Where from this job on the next ones of a queue are, or may be; nil if there is none.
        package func stretch(of queue: Int, from job: Int64) -> ClosedRange<Int64>? {
            if job < unknownEnd { return job...min(job + 2047, unknownEnd - 1) }
            guard last[queue] >= job else { return nil }
            var block = job >> QueueMap.blockShift
            while block - firstBlock < blocks.count {
                let index = Int(block - firstBlock)
                if index >= 0, blocks[index] & (1 << UInt64(queue)) != 0 {
                    let end = min(latest, ((block + 1) << QueueMap.blockShift) - 1)
                    return max(job, block << QueueMap.blockShift)...max(job, end)
                }
                block += 1
            }
            return nil
        }
    }
}
