import DevQueue
internal import Dispatch
import Synchronization

extension TestQueue {
    struct NotArrived: Error, CustomStringConvertible {
        let description: String
    }

    /// Waits until so many jobs have arrived, duplicates not counted.
    ///
    /// - Returns: what the jobs carry as `n` in their payload, in the order in which they came.
    @discardableResult
    func arrivals(_ count: Int, within limit: Duration = .seconds(300)) async throws -> [Int] {
        let store = store
        let hasArrived = await withCheckedContinuation { continuation in
            let box = OneAnswer(continuation)
            store.whenJobs(reach: count) { box.give(true) }
            let milliseconds = Int(limit / .milliseconds(1))
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { box.give(false) }
        }
        guard hasArrived else {
            throw NotArrived(description: "\(store.jobCount) of \(count) jobs arrived; \(store.statistics)")
        }
        return numbers
    }

    /// What the jobs carry as `n`.
    var numbers: [Int] { store.jobs.map { Self.number(in: $0.payload ?? []) ?? -1 } }

    private static func number(in payload: [UInt8]) -> Int? {
        let text = String(decoding: payload, as: UTF8.self)
        guard let start = text.firstRange(of: "\"n\":")?.upperBound else { return nil }
        return Int(text[start...].prefix { $0.isNumber })
    }
}

/// A continuation that is resumed by the first caller.
private final class OneAnswer: Sendable {
    private let continuation: Mutex<CheckedContinuation<Bool, Never>?>

    init(_ continuation: CheckedContinuation<Bool, Never>) { self.continuation = Mutex(continuation) }

    func give(_ answer: Bool) {
        continuation.withLock { continuation in
            continuation?.resume(returning: answer)
            continuation = nil
        }
    }
}
