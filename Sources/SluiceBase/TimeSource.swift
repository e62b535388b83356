internal import Glibc
internal import Synchronization

/// The clocks: the system's, or in tests one that the test controls.
///
/// Can be used from any thread.
package protocol TimeSource: Sendable {
    /// Milliseconds since 1970. May jump when the machine's clock is set.
    func wallMilliseconds() -> Int64
    /// Nanoseconds since a fixed point; never goes back. For deadlines and measurements.
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
        // Cannot fail: both clocks exist on every Linux. `unsafe` is only for the C call's out parameter.
        unsafe clock_gettime(clock, &now)
        return now
    }
}

/// A clock that only a test moves.
package final class ManualTime: TimeSource {
    private struct Reading {
        var wall: Int64
        var monotonic: Int64
    }

    private let reading: Mutex<Reading>

    /// - Parameter wallMilliseconds: the initial wall clock; the monotonic clock starts at one second.
    package init(wallMilliseconds: Int64 = 1_700_000_000_000) {
        reading = Mutex(Reading(wall: wallMilliseconds, monotonic: 1_000_000_000))
    }

    package func wallMilliseconds() -> Int64 { reading.withLock { $0.wall } }
    package func monotonicNanoseconds() -> Int64 { reading.withLock { $0.monotonic } }

    /// Advances both clocks.
    package func advance(by duration: Duration) {
        reading.withLock {
            $0.wall += duration.wholeMilliseconds
            $0.monotonic += duration.wholeNanoseconds
        }
    }

    /// Sets only the wall clock, as an operator or NTP does.
    package func setWall(milliseconds: Int64) { reading.withLock { $0.wall = milliseconds } }
}

/// Random numbers that depend only on the seed (SplitMix64), for jitter and for tests that can be repeated. Not for
/// secrets.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// The next number, uniformly distributed over all values.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
