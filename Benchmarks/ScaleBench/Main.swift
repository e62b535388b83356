internal import Glibc
internal import SluiceBase
internal import SluiceJSON
internal import SluiceOutbox
internal import Synchronization

/// `ScaleBench PATH KEYS BACKLOG WINDOW END`: makes an outbox in which `KEYS` deliveries to the route `github` are
/// remembered, received evenly in the `WINDOW` seconds before `END` (seconds since the epoch). The last `BACKLOG` of
/// them have a pending job.
@main
enum ScaleBench {
    private static let batch = 1000

    static func main() throws {
        let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int64($0) }
        guard numbers.count == 4, let path = CommandLine.arguments.dropFirst().first else {
            throw Usage(text: "usage: ScaleBench PATH KEYS BACKLOG WINDOW END")
        }
        let (keys, backlog, window, end) = (numbers[0], numbers[1], numbers[2], numbers[3])
        var configuration = OutboxConfiguration(path: path)
        configuration.maximumBytes = .gibibytes(100)
        let clock = SteppingTime(milliseconds: (end - window) * 1000)
        let store = try OutboxStore(configuration, time: clock)
        let payload = Array(#"{"text":"\#(String(repeating: "x", count: 200))"}"#.utf8)
        for first in stride(from: 0, to: keys, by: Int64.Stride(batch)) {
            clock.set(milliseconds: (end - window) * 1000 + first * window * 1000 / keys)
            let hasJobs = first >= keys - backlog
            let results = store.commit(
                (0..<batch).map { submission(Int(first) + $0, hasJobs ? payload : nil, clock, window: window) })
            guard case .stored = results[0].outcome else { throw Usage(text: "not stored: \(results[0].outcome)") }
            store.maintain()
        }
        store.close()
    }

    private static func submission(
        _ number: Int, _ payload: [UInt8]?, _ clock: SteppingTime, window: Int64
    )
        -> Submission
    {
        let job = payload.map { payload in
            Job(
                type: "github_event", queue: "github", options: JobOptions(stored: []),
                uniqueKey: "github:scale-\(number)", uniqueWhile: .exists, payload: payload)
        }
        return Submission(
            Delivery(
                id: "01M84THKDB0ARZ4MHSCJWM41DA", route: "github",
                receivedAtMilliseconds: clock.wallMilliseconds(), dedupeWindow: .seconds(window),
                onChangedBody: .duplicate,
                parts: [
                    Delivery.Part(
                        key: DeliveryKey(hash: fingerprint(number)), bodyHash: fingerprint(0),
                        jobs: job.map { [$0] } ?? [])
                ], request: nil, keepsRequest: false), origin: 0, ticket: UInt64(number),
            enqueuedAtNanoseconds: clock.monotonicNanoseconds())
    }

    /// Spread like a hash (splitmix64).
    private static func fingerprint(_ number: Int) -> Fingerprint {
        func mix(_ value: UInt64) -> UInt64 {
            var word = value &* 0x9E37_79B9_7F4A_7C15
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
        return Fingerprint(high: mix(UInt64(2 * number + 1)), low: mix(UInt64(2 * number + 2)))
    }
}

struct Usage: Error, CustomStringConvertible {
    let text: String

    var description: String { text }
}

/// A clock that the program sets.
final class SteppingTime: TimeSource {
    private let milliseconds: Atomic<Int64>

    init(milliseconds: Int64) { self.milliseconds = Atomic(milliseconds) }

    func set(milliseconds: Int64) { self.milliseconds.store(milliseconds, ordering: .relaxed) }

    func wallMilliseconds() -> Int64 { milliseconds.load(ordering: .relaxed) }

    func monotonicNanoseconds() -> Int64 { wallMilliseconds() * 1_000_000 }
}
