internal import Glibc
internal import Synchronization

/// Where the time comes from: the system's clocks, or in tests a clock that the test moves.
///
/// Callable from any thread.
package protocol TimeSource: Sendable {
    /// Milliseconds since the UNIX epoch. May jump when the machine's clock is set.
    func wallMilliseconds() -> Int64
    /// Nanoseconds since some fixed point; never goes back. Deadlines and measurements use this one.
    func monotonicNanoseconds() -> Int64
}

/// The machine's own clocks (`CLOCK_REALTIME`, `CLOCK_MONOTONIC`).
package struct SystemTime: TimeSource {
    package init() {}

    package func wallMilliseconds() -> Int64 {
        let now = read(CLOCK_REALTIME)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    package func monotonicNanoseconds() -> Int64 {
        let now = read(CLOCK_MONOTONIC)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }

    private func read(_ clock: clockid_t) -> timespec {
        var now = timespec()
        // Cannot fail: both clocks exist on every Linux. `unsafe` is the C call's out parameter and nothing else.
        unsafe clock_gettime(clock, &now)
        return now
    }
}

/// A clock that only moves when a test moves it.
package final class ManualTime: TimeSource {
    private struct Reading {
        var wall: Int64
        var monotonic: Int64
    }

    private let reading: Mutex<Reading>

    /// - Parameter wallMilliseconds: where the wall clock starts; the monotonic one starts at one second.
    package init(wallMilliseconds: Int64 = 1_700_000_000_000) {
        reading = Mutex(Reading(wall: wallMilliseconds, monotonic: 1_000_000_000))
    }

    package func wallMilliseconds() -> Int64 { reading.withLock { $0.wall } }
    package func monotonicNanoseconds() -> Int64 { reading.withLock { $0.monotonic } }

    /// Moves both clocks on.
    package func advance(by duration: Duration) {
        reading.withLock {
            $0.wall += duration.wholeMilliseconds
            $0.monotonic += duration.wholeNanoseconds
        }
    }

    /// Sets the wall clock alone, as an operator or NTP does.
    package func setWall(milliseconds: Int64) { reading.withLock { $0.wall = milliseconds } }
}
