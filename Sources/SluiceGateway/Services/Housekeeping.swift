internal import ServiceLifecycle
internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet

/// Says once a second how many log records were left out, so that the end of a flood shows.
struct LogSummaryService: Service {
    let log: LogOutput?

    func run() async throws {
        guard let log else { return }
        await cancelWhenGracefulShutdown {
            // A cancelled sleep ends the loop.
            while (try? await Task.sleep(for: .seconds(1))) != nil { log.flushSummaries() }
        }
    }
}

/// Gives memory back to the system when a load has gone.
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

/// Says when freed memory is to go back to the system: once a load has gone that had taken much of it. State without
/// I/O.
struct TrimSchedule {
    /// What takes memory: each connection some 15 KiB, each body what it is.
    struct Load {
        var connections: Int
        /// Held by bodies, pending commits and unsent answers, in bytes.
        var memory: Int
    }

    /// Loads below these take too little to be worth a trim.
    private static let manyConnections = 500
    private static let muchMemory = 16 << 20

    /// A trim keeps others waiting for milliseconds: not more often than at every tenth look.
    private static let looksBetween = 10

    private var looks = 0
    private var highest = Load(connections: 0, memory: 0)

    /// Takes a look, one a second.
    ///
    /// - Returns: whether it is time: the load is half of what it was at its highest since the last trim, or less.
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
