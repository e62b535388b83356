internal import SluiceBase

/// What a server connection is waiting for, and until when. One wait at a time; progress within a wait does not extend
/// it, so a sender that dribbles is as late as one that is silent. Only lingering goes on while the sender sends, up to
/// `limits.body_time`.
package struct ConnectionDeadlines: Sendable {
    /// What a connection waits for.
    package enum Wait: Sendable, Hashable {
        /// The TLS handshake, `limits.head`.
        case handshake
        /// The first byte of a request, `limits.idle`.
        case request
        /// The end of a head, `limits.head`.
        case head
        /// The end of a body, `limits.body_time`.
        case body
        /// The sender to take its answer, `limits.write`.
        case write
        /// The sender to close after the last answer.
        case linger
    }

    /// The monotonic nanosecond at which the wait is over; nil while the service is at work, which has its own limit.
    package private(set) var deadline: Int64?
    /// What is waited for.
    package private(set) var wait: Wait?
    /// When the wait ends whatever comes, where `deadline` may lie before it.
    private var last: Int64 = .max
    private let limits: HTTPLimits

    /// Nothing is waited for.
    package init(limits: HTTPLimits) { self.limits = limits }

    /// Starts waiting; goes on with the wait that is running if it is the same one.
    ///
    /// - Parameter now: monotonic nanoseconds.
    package mutating func began(_ next: Wait, at now: Int64) {
        guard next != wait else { return }
        wait = next
        switch next {
        case .body, .linger:
            last = now + limits.bodyTime.wholeNanoseconds
            extend(at: now)
        case .handshake, .request, .head, .write: deadline = now + time(for: next).wholeNanoseconds
        }
    }

    /// Goes on with a wait for a body or for the end of one that is discarded, of which something has arrived: to its
    /// next check, or its end.
    package mutating func extend(at now: Int64) {
        guard let wait else { return }
        deadline = min(last, now + time(for: wait).wholeNanoseconds)
    }

    /// Whether the deadline of a body is only a check of its rate.
    package func isCheck(at now: Int64) -> Bool { wait == .body && now < last }

    /// Nothing is waited for any longer.
    package mutating func ended() {
        wait = nil
        deadline = nil
    }

    /// The wait that is over at `now`, if one is.
    package func expired(at now: Int64) -> Wait? {
        guard let deadline, deadline <= now else { return nil }
        return wait
    }

    private func time(for wait: Wait) -> Duration {
        switch wait {
        case .handshake, .head: limits.headTime
        case .request: limits.idleTime
        case .body: limits.bodyRateInterval
        case .write: limits.writeTime
        case .linger: limits.lingerTime
        }
    }
}
