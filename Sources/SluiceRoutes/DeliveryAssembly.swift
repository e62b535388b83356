internal import SluiceBase

/// The jobs and dead letters of a delivery while the rules are applied to its elements.
struct DeliveryAssembly {
    /// The maximum number of jobs of one delivery.
    static let maximumJobs = 10_000

    /// Why the rest of a delivery is not rendered.
    enum StopError: Error {
        /// It is refused.
        case refused(RouteOutcome)
        /// The whole delivery is one dead letter.
        case dead(DeadLetter)
    }

    /// The memory reserved for it.
    var charge: MemoryCharge
    /// What this thread may render, in bytes; `nil` for the route's limit.
    private let maximumRenderedBytes: Int?
    private(set) var parts: [Delivery.Part] = []
    /// The first reason for which nothing was stored.
    private(set) var ignored: AcknowledgementReason?
    var missingKeys = 0
    private var jobs = 0
    /// The size of the payloads in bytes.
    private var bytes = 0
    /// The maximum size of the payloads while they are rendered.
    private var reserved = 0

    init(_ charge: MemoryCharge, maximumRenderedBytes: Int?) {
        self.charge = charge
        self.maximumRenderedBytes = maximumRenderedBytes
    }

    /// Reserves memory for a payload before it is rendered.
    mutating func reserve(_ size: Int, isVerified: Bool) throws(StopError) {
        reserved += size
        if let maximumRenderedBytes, reserved > maximumRenderedBytes { throw .refused(.tooLargeForThread) }
        guard charge.take(size, isVerified: isVerified) else { throw .refused(.memoryFull) }
    }

    mutating func ignore(_ reason: AcknowledgementReason) { ignored = ignored ?? reason }

    /// Starts a part with its own key.
    mutating func begin(_ part: Delivery.Part) { parts.append(part) }

    /// Adds a job to the last part.
    ///
    /// - Parameter limit: the maximum size of all payloads of a delivery in bytes.
    mutating func add(_ job: consuming Job, upTo limit: Int) throws(StopError) {
        jobs += 1
        bytes += job.payload.count
        guard jobs <= Self.maximumJobs else {
            throw .dead(.tooMany("the delivery would make more than \(Self.maximumJobs) jobs"))
        }
        guard jobs == 1 || bytes <= limit else {
            throw .dead(.tooMany("the payloads of its jobs would exceed \(limit >> 20) MiB in total"))
        }
        parts[parts.count - 1].jobs.append(job)
    }

    /// Adds a dead letter to the last part.
    mutating func add(_ letter: DeadLetter) { parts[parts.count - 1].deadLetters.append(letter) }
}

extension DeadLetter {
    static func tooMany(_ detail: String) -> DeadLetter {
        DeadLetter(reason: .tooManyJobs, detail: detail, share: .all)
    }
}

/// The bytes of a request that a dead letter keeps: an HTTP/1.1 message without credentials.
enum KeptRequest {
    private static let host: HeaderName = "host"

    /// Request line, headers without credentials, an empty line, and the body without chunk framing.
    ///
    /// - Parameter parameters: those whose values are left out.
    static func bytes(
        of request: borrowing RequestView, without credentials: Set<HeaderName>, parameters: CredentialParameters
    ) -> [UInt8] {
        var bytes = head(of: request, without: credentials, parameters: parameters, room: request.body.count)
        bytes.append(request.body)
        return bytes
    }

    /// All before the body.
    ///
    /// - Parameter room: for how many bytes more.
    static func head(
        of request: borrowing RequestView, without credentials: Set<HeaderName>,
        parameters: CredentialParameters = CredentialParameters([]),
        room: Int = 0
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(room + 2048)
        bytes.append(request.method)
        bytes.append(ASCII.space)
        bytes += parameters.removed(from: request.target)
        // A request without a host came as HTTP/1.0, and can only be parsed again as such (RFC 9112 §3.2).
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
