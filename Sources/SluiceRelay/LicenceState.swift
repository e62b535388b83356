internal import SluiceBase
package import Zizq

/// What is known of the server's licence, and what is sent because of it. One for all lanes.
package struct LicenceState: Sendable {
    /// How long a refusal is believed.
    package static let retryInterval: Duration = .seconds(600)

    /// How long it is believed at least.
    package static let shortestRetryInterval: Duration = .seconds(5)

    /// What is known of one feature.
    private enum Standing {
        case assumed
        /// Refused; to be tried again at this time of the monotonic clock, in nanoseconds.
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
    /// Whether jobs may lie parked: also those that an earlier process has parked.
    private var mayHaveParked = true
    /// When a parked job was let out to see whether the licence is there, in case that nothing was learnt from it yet.
    private var probedAt: Int64?
    /// After this time another one is let out: the first may be dead, buried or parked for another reason.
    package static let probePatience: Duration = .seconds(60)

    package init(policy: UniqueKeyPolicy) { self.policy = policy }

    /// Whether `unique_key` and `unique_while` go along now.
    package func sendsKeys(now: Int64) -> Bool {
        switch policy {
        case .never: false
        case .always: true
        case .auto: unique.isTried(at: now)
        }
    }

    /// Whether jobs that need `batch` are sent now; else they are parked.
    package func sendsBatched(now: Int64) -> Bool { batched.isTried(at: now) }

    /// The server has refused a batch because it has no licence.
    ///
    /// - Returns: whether this is news.
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

    /// The server has taken a batch with a unique key, or a `batch`, in it.
    ///
    /// - Returns: whether this is news.
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

    /// The connection was lost or is a new one: the server at its other end may have a licence. It is asked at once,
    /// but not more often than every few seconds, should every answer close its connection.
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

    /// Which parked jobs to let out now.
    package enum Release: Sendable, Hashable {
        /// One, to see whether the licence is there.
        case one
        case all
    }

    /// To be asked between batches, while nothing is being sent.
    package mutating func takeRelease(now: Int64) -> Release? {
        guard mayHaveParked, batched.isTried(at: now), now >= probeEnd else { return nil }
        probedAt = now
        return .one
    }

    /// To be asked when a job that needs `batch` was taken.
    package mutating func takeFullRelease() -> Release? {
        guard mayHaveParked else { return nil }
        mayHaveParked = false
        probedAt = nil
        return .all
    }

    private var probeEnd: Int64 { probedAt.map { $0 + Self.probePatience.wholeNanoseconds } ?? .min }

    /// How long until something is to be tried again although nothing new has come; `nil` where there is nothing to
    /// try.
    package func untilProbe(now: Int64) -> Duration? {
        guard mayHaveParked, case .missing(let retryAt) = batched else { return nil }
        return .nanoseconds(max(0, max(retryAt, probeEnd) - now))
    }
}
