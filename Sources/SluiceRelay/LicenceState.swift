internal import SluiceBase
package import Zizq

/// The known state of the server's licence, and what to send because of it. Shared by all lanes.
package struct LicenceState: Sendable {
    /// The time after which the relay uses an unlicensed feature once more, to see whether it is licensed now.
    package static let retryInterval: Duration = .seconds(600)

    /// The minimum of that time, if the relay connects again in the meantime.
    package static let shortestRetryInterval: Duration = .seconds(5)

    /// The state of one feature.
    private enum Standing {
        case assumed
        /// Refused; to be retried at this time of the monotonic clock, in nanoseconds.
        case missing(retryAt: Int64)

        func isTried(at now: Int64) -> Bool {
            switch self {
            case .assumed: true
            case .missing(let retryAt): now >= retryAt
            }
        }
    }

    package let policy: UniqueKeyPolicy
    private var unique = Standing.assumed
    private var batched = Standing.assumed
    /// Whether jobs may be parked, including those of an earlier process.
    private var mayHaveParked = true
    /// When a parked job was released to test the licence, if its result is not known yet.
    private var probedAt: Int64?
    /// How long to wait for that result before the next one is released: the first may be a dead letter, or parked for
    /// another reason.
    package static let probePatience: Duration = .seconds(60)

    package init(policy: UniqueKeyPolicy) { self.policy = policy }

    /// Whether to send `unique_key` and `unique_while` now.
    package func sendsKeys(now: Int64) -> Bool {
        switch policy {
        case .never: false
        case .always: true
        case .auto: unique.isTried(at: now)
        }
    }

    /// Whether to send jobs that need `batch` now; otherwise they are parked.
    package func sendsBatched(now: Int64) -> Bool { batched.isTried(at: now) }

    /// Records that the server refused a batch because it has no licence.
    ///
    /// - Returns: whether this is new.
    package mutating func refused(_ feature: LicensedFeature, now: Int64) -> Bool {
        let missing = Standing.missing(retryAt: now + Self.retryInterval.wholeNanoseconds)
        let before: Standing
        switch feature {
        case .uniqueJobs:
            before = unique
            unique = missing
        case .batchedJobs:
            before = batched
            batched = missing
            mayHaveParked = true
            probedAt = nil
        }
        if case .assumed = before { return true } else { return false }
    }

    /// Records that the server accepted a batch with a unique key, or with a `batch`.
    ///
    /// - Returns: whether this is new.
    package mutating func accepted(_ feature: LicensedFeature) -> Bool {
        let before: Standing
        switch feature {
        case .uniqueJobs:
            before = unique
            unique = .assumed
        case .batchedJobs:
            before = batched
            batched = .assumed
        }
        if case .missing = before { return true } else { return false }
    }

    /// Records a lost or new connection: its server may have a licence. The licence is tested immediately, but at most
    /// every few seconds, in case every answer closes its connection.
    package mutating func reconnected(now: Int64) {
        unique = Self.retriedSooner(unique, now: now)
        guard case .missing = batched else { return }
        batched = Self.retriedSooner(batched, now: now)
        probedAt = nil
    }

    private static func retriedSooner(_ standing: Standing, now: Int64) -> Standing {
        guard case .missing(let retryAt) = standing else { return standing }
        let earliest = retryAt - retryInterval.wholeNanoseconds + shortestRetryInterval.wholeNanoseconds
        return .missing(retryAt: min(retryAt, max(now, earliest)))
    }

    /// Whether to release one parked job now, to test the licence. To be called between batches, while nothing is being
    /// sent.
    package mutating func takeRelease(now: Int64) -> Bool {
        guard mayHaveParked, batched.isTried(at: now), now >= probeEnd else { return false }
        probedAt = now
        return true
    }

    /// Whether there may be parked jobs, which are all to be released: a job that needs `batch` was accepted.
    package mutating func takeFullRelease() -> Bool {
        defer { (mayHaveParked, probedAt) = (false, nil) }
        return mayHaveParked
    }

    private var probeEnd: Int64 { probedAt.map { $0 + Self.probePatience.wholeNanoseconds } ?? .min }

    /// The time until the next test without new jobs; `nil` if there is nothing to test.
    package func untilProbe(now: Int64) -> Duration? {
        guard mayHaveParked, case .missing(let retryAt) = batched else { return nil }
        return .nanoseconds(max(0, max(retryAt, probeEnd) - now))
    }
}
