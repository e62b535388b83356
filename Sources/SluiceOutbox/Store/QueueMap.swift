internal import Synchronization

/// The positions of each queue's jobs in a backlog, so that the jobs of one queue can be read without the others before
/// them. Uses 8 bytes for each 256 jobs, and knows the jobs that this process has stored. Can be used from any thread.
package final class QueueMap: Sendable {
    /// Queues after the 63rd share this number.
    package static let others = 63
    private static let blockShift: Int64 = 8

    /// The map at one time.
    package struct View: Sendable {
        fileprivate var numbers: [String: Int] = [:]
        /// By the number of each queue.
        fileprivate var names: [String] = []
        /// The last job of each queue.
        private var last: [Int64] = Array(repeating: 0, count: others + 1)
        /// The last job; all earlier ones are readable.
        package fileprivate(set) var latest: Int64 = 0
        /// One bit for each queue with a job in the block.
        fileprivate var blocks: [UInt64] = []
        fileprivate var firstBlock: Int64 = 0
        /// The first job that was stored by this process.
        package fileprivate(set) var unknownEnd: Int64 = 1

        fileprivate mutating func add(_ job: Int64, _ queue: Int) {
            let block = job >> QueueMap.blockShift
            if blocks.isEmpty { firstBlock = block }
            while Int64(blocks.count) <= block - firstBlock { blocks.append(0) }
            blocks[Int(block - firstBlock)] |= 1 << UInt64(queue)
            last[queue] = job
            latest = max(latest, job)
        }

        /// The numbers of all queues.
        package var queues: [Int] { Array(names.indices) + [QueueMap.others] }

        /// `nil` for queues that share a number.
        package func name(of queue: Int) -> String? { names.indices.contains(queue) ? names[queue] : nil }

        /// The range that contains the next jobs of a queue from this one on, if there are any; `nil` if there are
        /// certainly none.
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

    private let state = Mutex(View())

    /// - Parameter last: the last job stored by an earlier process.
    package init(after last: Int64 = 0) { start(after: last) }

    /// Sets the last job that was stored before this process started: nothing else is known about these.
    func start(after last: Int64) {
        state.withLock { ($0.latest, $0.unknownEnd) = (last, last + 1) }
    }

    /// Adds stored jobs.
    func add(_ jobs: [(id: Int64, queue: String)]) {
        guard !jobs.isEmpty else { return }
        state.withLock { state in
            for job in jobs {
                let queue = Self.number(of: job.queue, in: &state)
                state.add(job.id, queue)
            }
        }
    }

    /// The number of a queue, assigned on its first use.
    package func number(of queue: String) -> Int { state.withLock { Self.number(of: queue, in: &$0) } }

    private static func number(of queue: String, in state: inout View) -> Int {
        if let number = state.numbers[queue] { return number }
        guard state.numbers.count < others else { return others }
        let number = state.names.count
        state.numbers[queue] = number
        state.names.append(queue)
        return number
    }

    /// A copy of the data for reading queues in turns.
    package var view: View { state.withLock { $0 } }

    /// The last job; all earlier ones are readable.
    package var latest: Int64 { state.withLock { $0.latest } }

    /// The number of known queues.
    package var count: Int { state.withLock { $0.names.count } }

    /// The first job that was stored by this process.
    package var unknownEnd: Int64 { state.withLock { $0.unknownEnd } }

    /// Forgets the jobs below this one.
    package func forget(below job: Int64) {
        state.withLock { state in
            let passed = Int((job >> Self.blockShift) - state.firstBlock)
            // In large steps: each moves the rest.
            guard passed > 4096 || passed >= state.blocks.count, passed > 0 else { return }
            let removed = min(passed, state.blocks.count)
            state.blocks.removeFirst(removed)
            state.firstBlock += Int64(removed)
        }
    }
}
