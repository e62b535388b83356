internal import Glibc

/// What some work costs, in milliseconds.
struct Cost {
    var wall: Double
    /// Of all threads of this process.
    var processor: Double

    static func / (cost: Cost, count: Int) -> Cost {
        Cost(wall: cost.wall / Double(count), processor: cost.processor / Double(count))
    }
}

enum Clock {
    static func wall() -> Double { milliseconds(CLOCK_MONOTONIC) }
    static func processor() -> Double { milliseconds(CLOCK_PROCESS_CPUTIME_ID) }

    private static func milliseconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }

    /// The cost of one of so many rounds, after a few that do not count.
    static func measure(_ rounds: Int, _ work: () async throws -> Void) async rethrows -> Cost {
        for _ in 0..<(rounds / 10 + 1) { try await work() }
        let (wall, processor) = (wall(), processor())
        for _ in 0..<rounds { try await work() }
        return Cost(wall: Self.wall() - wall, processor: Self.processor() - processor) / rounds
    }

    /// Resident memory of this process in MiB.
    static func resident() -> Double {
        guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var text = [CChar](repeating: 0, count: 128)
        guard unsafe fgets(&text, 128, file) != nil else { return 0 }
        let line = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let pages = line.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }
}
