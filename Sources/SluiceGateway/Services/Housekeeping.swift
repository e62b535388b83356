internal import ServiceLifecycle
internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet

/// Calls `work` once a second until the service group stops.
func everySecond(_ work: @escaping @Sendable () async -> Void) async {
    await cancelWhenGracefulShutdown {
        // A cancelled sleep ends the loop.
        while (try? await Task.sleep(for: .seconds(1))) != nil { await work() }
    }
}

/// Logs once a second how many log records were left out, so that the end of a flood is reported.
struct LogSummaryService: Service {
    let log: LogOutput?

    func run() async throws {
        guard let log else { return }
        await everySecond { log.flushSummaries() }
    }
}

/// Looks once a second for turns of event loops that do not end, which the loops cannot report themselves.
struct LoopWatchService: Service {
    let watchdog: LoopWatchdog

    func run() async throws { await everySecond { watchdog.look() } }
}

/// Returns memory to the system after a load has ended.
struct MemoryTrimService: Service {
    let ingest: HTTPServer
    let memory: MemoryBudget

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var schedule = TrimSchedule()
            // A cancelled sleep ends the loop.
            while (try? await Task.sleep(for: .seconds(1))) != nil {
                let load = TrimSchedule.Load(connections: ingest.connectionCount, memory: memory.bytesInUse)
                if schedule.looked(at: load) { ProcessMemory.trim() }
            }
        }
    }
}

/// Decides when to return freed memory to the system: after a load has ended that used much of it. State without I/O.
struct TrimSchedule {
    /// The use of memory: about 15 KiB per connection, and the size of each body.
    struct Load {
        var connections: Int
        /// Used by bodies, pending commits and unsent answers, in bytes.
        var memory: Int
    }

    /// Loads below these use too little memory for a trim.
    private static let manyConnections = 500
    private static let muchMemory = 16 << 20

    /// The minimum number of checks between two trims, which delay other threads by milliseconds.
    private static let looksBetween = 10

    private var looks = 0
    private var highest = Load(connections: 0, memory: 0)

    /// Checks the load, once a second.
    ///
    /// - Returns: whether to trim: the load is at most half of its maximum since the last trim.
    mutating func looked(at load: Load) -> Bool {
        highest.connections = max(highest.connections, load.connections)
        highest.memory = max(highest.memory, load.memory)
        let fewer = highest.connections >= Self.manyConnections && load.connections <= highest.connections / 2
        let less = highest.memory >= Self.muchMemory && load.memory <= highest.memory / 2
        looks += 1
        guard fewer || less, looks >= Self.looksBetween else { return false }
        (looks, highest) = (0, load)
        return true
    }
}
