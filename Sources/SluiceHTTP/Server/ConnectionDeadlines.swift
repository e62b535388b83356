internal import SluiceBase

/// What a server connection is waiting for, and until when. There is one wait at a time, and progress does not extend
/// it, so a slow sender is treated like a silent one. Only lingering continues while the sender sends, up to
/// `limits.body_time`.
package struct ConnectionDeadlines: Sendable {
    /// The kinds of waits.
    package enum Wait: Sendable, Hashable {
        /// The TLS handshake, `limits.head`.
        case handshake
        /// The first byte of a request, `limits.idle`.
        case request
        /// The end of a head, `limits.head`.
        case head
        /// The end of a body, `limits.body_time`.
        case body
        /// The sender to receive its answer, `limits.write`.
        case write
        /// The sender to close after the last answer.
        case linger
    }

    /// The monotonic nanosecond at which the wait ends; `nil` while the service is working, which has its own limit.
    package private(set) var deadline: Int64?
    /// The current wait.
    package private(set) var wait: Wait?
    /// The final end of the wait, if `deadline` is earlier.
    private var last: Int64 = .max
    private let limits: HTTPLimits

    /// Creates the deadlines of a connection that is not waiting for anything.
    package init(limits: HTTPLimits) { self.limits = limits }

    /// Starts a wait, or continues the current one if it is the same.
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

    /// Continues a wait for a body, or for the end of a discarded one, of which something has arrived: to its next
    /// check, or its end.
    package mutating func extend(at now: Int64) {
        guard let wait else { return }
        deadline = min(last, now + time(for: wait).wholeNanoseconds)
    }

    /// Whether the deadline of a body is only a check of its rate.
    package func isCheck(at now: Int64) -> Bool { wait == .body && now < last }

    /// Ends the wait.
    package mutating func ended() {
        wait = nil
        deadline = nil
    }

    /// Returns the wait that has expired at `now`, if any.
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
