internal import Glibc

/// `BareLoop PATH SECONDS PAYLOAD-BYTES KEPT plain|sorted [RATE]`: batches of 400 as fast as it goes, or at a rate
/// whatever has arrived, up to 400. `plain` inserts each key where it belongs, `sorted` as the outbox does.
///
/// Prints jobs a second and its share of one processor in percent; with a rate jobs a second and the 50th and 99th
/// percentile of the time from a job's arrival to its commit, in milliseconds.
@main
enum BareLoopMain {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count >= 6, let seconds = Double(arguments[2]), let payload = Int(arguments[3]),
            let kept = Int(arguments[4])
        else {
            fail("usage: BareLoop PATH SECONDS PAYLOAD-BYTES KEPT plain|sorted [RATE]")
        }
        var loop = Loop(path: arguments[1], payloadBytes: payload, kept: kept, sortsKeys: arguments[5] == "sorted")
        if arguments.count > 6, let rate = Double(arguments[6]) {
            paced(&loop, seconds: seconds, rate: rate)
        } else {
            unpaced(&loop, seconds: seconds)
        }
    }

    private static func unpaced(_ loop: inout Loop, seconds: Double) {
        let start = nanoseconds()
        let end = start + Int64(seconds * 1e9)
        var stored = 0
        while nanoseconds() < end {
            loop.store(400)
            loop.acknowledge()
            stored += 400
        }
        let elapsed = Double(nanoseconds() - start) / 1e9
        print(Int(Double(stored) / elapsed), Int(100 * Double(clock()) / Double(CLOCKS_PER_SEC) / elapsed))
    }

    private static func paced(_ loop: inout Loop, seconds: Double, rate: Double) {
        let start = nanoseconds()
        let end = start + Int64(seconds * 1e9)
        let gap = 1e9 / rate
        var stored = 0
        var latencies: [Int64] = []
        latencies.reserveCapacity(Int(seconds * rate) + 1000)
        while true {
            let now = nanoseconds()
            guard now < end else { break }
            let arrived = Int(Double(now - start) / gap)
            let count = min(400, arrived - stored)
            guard count > 0 else {
                usleep(UInt32(max(1, gap / 1000)))
                continue
            }
            loop.store(count)
            let done = nanoseconds()
            for index in stored..<(stored + count) { latencies.append(done - (start + Int64(Double(index) * gap))) }
            stored += count
            loop.acknowledge()
        }
        latencies.sort()
        func milliseconds(_ share: Double) -> Double {
            Double(latencies[Int(Double(latencies.count - 1) * share)]) / 1e6
        }
        print(Int(Double(stored) / seconds), milliseconds(0.5), milliseconds(0.99))
    }
}
