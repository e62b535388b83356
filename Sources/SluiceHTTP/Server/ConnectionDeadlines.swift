internal import SluiceBase

/// What a server connection is waiting for, and until when. One wait at a time; progress within a wait does not extend it, so a
/// sender that dribbles is as late as one that is silent.
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
        /// The sender to close after a refusal.
        case linger
    }

    /// The monotonic nanosecond at which the wait is over; nil while the service is at work, which has its own limit.
    package private(set) var deadline: Int64?
    /// What is waited for.
    package private(set) var wait: Wait?
    private let limits: HTTPLimits

    /// Nothing is waited for.
    package init(limits: HTTPLimits) { self.limits = limits }

    /// Starts waiting; goes on with the wait that is running if it is the same one.
    ///
    /// - Parameter now: monotonic nanoseconds.
    package mutating func began(_ next: Wait, at now: Int64) {
        guard next != wait else { return }
        wait = next
        deadline = now + time(for: next).wholeNanoseconds
    }

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
        case .body: limits.bodyTime
        case .write: limits.writeTime
        case .linger: limits.lingerTime
        }
    }
}
