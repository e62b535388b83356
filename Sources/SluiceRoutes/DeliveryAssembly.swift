internal import SluiceBase

/// What a delivery becomes, while its elements go through the rules one after the other.
struct DeliveryAssembly {
    /// So many jobs come of one delivery at most.
    static let mostJobs = 10_000

    /// Why a delivery goes no further.
    enum StopError: Error {
        /// It is refused.
        case refused(RouteOutcome)
        /// All of it is one dead letter.
        case dead(DeadLetter)
    }

    /// What was taken for it from the memory budget.
    var charge: MemoryCharge
    private(set) var parts: [Delivery.Part] = []
    /// The first reason for which something left no trace.
    private(set) var ignored: AcknowledgementReason?
    var missingKeys = 0
    private var jobs = 0
    /// The bytes of their payloads.
    private var bytes = 0

    init(_ charge: MemoryCharge) { self.charge = charge }

    mutating func ignore(_ reason: AcknowledgementReason) { ignored = ignored ?? reason }

    /// Begins what has a key of its own.
    mutating func begin(_ part: Delivery.Part) { parts.append(part) }

    /// Adds a job to what was begun last.
    ///
    /// - Parameter limit: how many bytes the payloads of one delivery may have together.
    mutating func add(_ job: Job, upTo limit: Int) throws(StopError) {
        jobs += 1
        bytes += job.payload.count
        guard jobs <= Self.mostJobs else {
            throw .dead(.tooMany("the delivery would make more than \(Self.mostJobs) jobs"))
        }
        guard jobs == 1 || bytes <= limit else {
            throw .dead(.tooMany("the payloads of its jobs would exceed \(limit >> 20) MiB in total"))
        }
        parts[parts.count - 1].jobs.append(job)
    }

    /// Adds a dead letter to what was begun last.
    mutating func add(_ letter: DeadLetter) { parts[parts.count - 1].deadLetters.append(letter) }
}

extension DeadLetter {
    static func tooMany(_ detail: String) -> DeadLetter {
        DeadLetter(reason: .tooManyJobs, detail: detail, share: .all)
    }
}

/// The bytes of a request that a dead letter keeps: an HTTP/1.1 message without what lets its reader in.
enum KeptRequest {
    private static let host: HeaderName = "host"

    /// Request line, header lines without credentials, an empty line, and the body with its chunk framing undone.
    static func bytes(of request: borrowing RequestView, without credentials: Set<HeaderName>) -> [UInt8] {
        var bytes = head(of: request, without: credentials, room: request.body.count)
        bytes.append(request.body)
        return bytes
    }

    /// All before the body.
    ///
    /// - Parameter room: for how many bytes more.
    static func head(
        of request: borrowing RequestView, without credentials: Set<HeaderName>, room: Int = 0
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(room + 2048)
        bytes.append(request.method)
        bytes.append(ASCII.space)
        bytes.append(request.target)
        // Without a host it came as HTTP/1.0, and only as such can it be read again (RFC 9112 §3.2).
        bytes += Array((request.headers.firstIndex(of: host) == nil ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n").utf8)
        for index in 0..<request.headers.count {
            let name = request.headers.name(at: index)
            if credentials.contains(where: { $0.matches(name) }) { continue }
            bytes.append(name)
            bytes += Array(": ".utf8)
            bytes.append(request.headers.value(at: index))
            bytes += Array("\r\n".utf8)
        }
        bytes += Array("\r\n".utf8)
        return bytes
    }
}
