internal import SluiceBase
internal import SluiceJSON
internal import SluiceOutbox

extension ControlDocuments {
    /// A dead letter with everything that another outbox needs: one line of the file of `sluice dead export`.
    package struct ExportedDeadLetter: Codable, Sendable, Hashable {
        /// The version of this format; increased when a key is added. Lines without the key `copy` are of version 1.
        package var format = 1
        package var delivery: String
        package var route: String
        /// All times in milliseconds since 1970.
        package var receivedAt: Int64
        package var diedAt: Int64
        package var reason: String
        package var detail: String
        /// From 1, as in lists.
        package var element: Int?
        package var rule: Int?
        package var ruleKind: String?
        package var ruleType: String?
        package var ruleQueue: String?
        /// Hashes in hex.
        package var ruleDigest: String?
        package var key: String?
        package var bodyHash: String?
        /// How long the key is remembered, in milliseconds.
        package var window: Int64?
        package var generation: Int64?
        /// The number of equal dead letters of its delivery before it; nil for none.
        package var copy: Int?
        package var job: Job?
        /// In base64; empty in a dead letter with a job.
        package var request: String?
        /// Whether its contents were damaged at the export. It is then not imported.
        package var damaged: Bool?
        /// XXH64 of the line without this member, in hex.
        package var checksum = ""

        /// The job for Zizq.
        package struct Job: Codable, Sendable, Hashable {
            package var type: String
            package var queue: String
            package var uniqueKey: String?
            package var uniqueWhile: String?
            /// JSON members in addition to type and queue.
            package var options: String
            /// JSON.
            package var payload: String
        }
    }

    /// The result of importing a dead letter.
    package struct Imported: Codable, Sendable, Hashable {
        /// Its number, if it is now in the outbox.
        package var letter: Int64?
        /// Whether it was there before.
        package var wasThere = false
        /// The delivery that has its unique key.
        package var keyHolder: String?
        /// Whether its unique key was forgotten; nil if not, and from a gateway of an earlier version.
        package var isKeyForgotten: Bool?
        /// Why it was not imported.
        package var problem: String?
    }
}

extension ControlDocuments.ExportedDeadLetter {
    init(_ content: DeadLetterContent) {
        let listed = ControlDocuments.DeadLetter(content.letter)
        delivery = listed.delivery
        route = listed.route
        (receivedAt, diedAt) = (listed.receivedAt, listed.diedAt)
        (reason, detail) = (listed.reason, listed.detail)
        (element, rule) = (listed.element, listed.rule)
        (ruleKind, ruleType, ruleQueue) = (listed.ruleKind, listed.ruleType, listed.ruleQueue)
        ruleDigest = listed.ruleDigest
        key = content.origin?.key?.description
        bodyHash = content.origin?.bodyHash.description
        (window, generation) = (content.origin?.window, content.origin?.generation)
        if content.copy > 0 { (format, copy) = (2, content.copy) }
        job = content.job.map { Job($0) }
        request = content.request.map { Base64.encode($0) }
        if !content.isIntact || job.map({ $0.job != content.job }) ?? false { damaged = true }
        checksum = ownChecksum
    }

    /// The checksum of everything else in the line.
    var ownChecksum: String {
        var rest = self
        rest.checksum = ""
        let hash = Checksum.xxh64(ControlCoding.encode(rest).span)
        return Hex.encode((0..<8).map { UInt8(truncatingIfNeeded: hash >> UInt64(56 - 8 * $0)) })
    }

    /// The contents for an outbox.
    ///
    /// Everything is checked as strictly as what a route makes: the line may be from anywhere.
    ///
    /// - Throws: a sentence that says why the line is not a dead letter, or was changed after the export.
    func content() throws(StartupError) -> DeadLetterContent {
        guard 1...2 ~= format else { throw Self.bad("it was exported by a newer version (format \(format))") }
        guard checksum == ownChecksum else { throw Self.bad("its checksum is wrong: the line was changed or damaged") }
        guard damaged != true else { throw Self.bad("it was damaged when it was exported") }
        guard ControlRequest.isDeliveryID(delivery), (job == nil) != (request == nil) else {
            throw Self.bad("it is not a dead letter with a job or a request")
        }
        try checkNumbers()
        guard DeadLetterReason(rawValue: reason) != nil else {
            throw Self.bad("its reason '\(PrintableText.escape(reason, limit: 80))' is not known to this version")
        }
        guard 1...ZizqName.maximumBytes ~= route.utf8.count else { throw Self.bad("its route is not a name") }
        if let why = job?.complaint { throw Self.bad("its job: \(why)") }
        let body = try request.map { text throws(StartupError) in
            guard let bytes = Base64.decode(Array(text.utf8).span) else { throw Self.bad("its request is not base64") }
            return bytes
        }
        let letter = DeadLetterListing(
            deliveryID: delivery, route: route, receivedAtMilliseconds: receivedAt, diedAtMilliseconds: diedAt,
            reason: reason, detail: detail, jobType: job?.type, element: element.map { $0 - 1 },
            rule: rule.map { $0 - 1 },
            madeBy: try Self.fingerprint(ruleDigest, "rule_digest").map {
                RuleIdentity(kind: ruleKind, type: ruleType, queue: ruleQueue, digest: $0)
            })
        return DeadLetterContent(letter: letter, job: job?.job, request: body, origin: try origin, copy: copy ?? 0)
    }

    private func checkNumbers() throws(StartupError) {
        let (times, counts) = (0...TimestampText.latest, 0...Int64(Int32.max))
        let numbers: [(name: String, value: Int64?, range: ClosedRange<Int64>)] = [
            ("received_at", receivedAt, times), ("died_at", diedAt, times),
            ("window", window, 0...OutboxStore.longestWindow),
            ("generation", generation, counts), ("copy", copy.map(Int64.init), counts),
            ("element", element.map(Int64.init), 1...counts.upperBound),
            ("rule", rule.map(Int64.init), 1...counts.upperBound),
        ]
        for (name, value, range) in numbers {
            if let value, !range.contains(value) { throw Self.bad("its \(name) cannot be \(value)") }
        }
    }

    private var origin: DeadLetterContent.Origin? {
        get throws(StartupError) {
            let (hash, key) = (try Self.fingerprint(bodyHash, "body_hash"), try Self.fingerprint(key, "key"))
            guard let hash, let window, let generation else { return nil }
            return .init(key: key, bodyHash: hash, window: window, generation: generation)
        }
    }

    private static func fingerprint(_ text: String?, _ name: String) throws(StartupError) -> Fingerprint? {
        guard let text else { return nil }
        guard let bytes = Hex.decode(Array(text.utf8).span), bytes.count == Fingerprint.byteCount else {
            throw bad("its \(name) is not a hash in hex")
        }
        return Fingerprint(bytes.span)
    }

    private static func bad(_ reason: String) -> StartupError { StartupError(.wrongInput, reason) }
}

extension ControlDocuments.ExportedDeadLetter.Job {
    fileprivate init(_ job: SluiceBase.Job) {
        (type, queue, uniqueKey, uniqueWhile) = (job.type, job.queue, job.uniqueKey, job.uniqueWhile?.rawValue)
        options = String(decoding: job.options.members, as: UTF8.self)
        payload = String(decoding: job.payload, as: UTF8.self)
    }

    /// Why no route makes this job; nil if it is valid.
    fileprivate var complaint: String? {
        job.complaint ?? (uniqueWhile == job.uniqueWhile?.rawValue ? nil : "unique_while is unknown")
    }

    fileprivate var job: SluiceBase.Job {
        SluiceBase.Job(
            type: type, queue: queue, options: JobOptions(stored: Array(options.utf8)), uniqueKey: uniqueKey,
            uniqueWhile: uniqueWhile.flatMap { UniqueWhile(rawValue: $0) }, payload: Array(payload.utf8))
    }
}
