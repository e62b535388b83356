package import SluiceBase
package import SluiceOutbox
package import SluiceRoutes

/// Answers the command line's requests about an outbox, of a running gateway or at rest.
package struct OutboxConsole: Sendable {
    /// The access to the outbox.
    package enum Source: Sendable {
        /// Of the gateway that runs on it. The reader has its own connection: lists and large payloads are read while
        /// the writer stores deliveries.
        case running(OutboxWriter, ReaderBox)
        /// Opened by the command itself.
        case atRest(StoreBox)
    }

    private let source: Source
    private let limit: ByteCount
    private let time: any TimeSource
    private let learnt: LearntSecrets?
    private let relay: @Sendable () -> String?
    private let render: DeadLetterRendering

    /// - Parameters:
    ///   - learnt: the learnt secrets in use; nil without a gateway.
    ///   - relay: whether jobs are sent, and if not, why; nil without a relay.
    ///   - render: renders a dead letter's request again with its current route.
    package init(
        _ source: Source, limit: ByteCount, time: any TimeSource, learnt: LearntSecrets? = nil,
        relay: @escaping @Sendable () -> String? = { nil },
        render: @escaping DeadLetterRendering = { _ in
            .failure("its route is needed to render it again; start the gateway first")
        }
    ) {
        self.source = source
        self.limit = limit
        self.time = time
        self.learnt = learnt
        self.relay = relay
        self.render = render
    }

    /// Runs a short step on the store, before the next batch of deliveries.
    private func ask<Answer: Sendable>(
        _ body: @escaping @Sendable (OutboxStore) throws(OutboxError) -> Answer
    ) async throws(OutboxError) -> Answer {
        switch source {
        case .running(let writer, _): try await writer.perform(body)
        case .atRest(let box): try await box.perform(body)
        }
    }

    /// Reads something without making deliveries wait.
    private func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any OutboxListing) throws(OutboxError) -> Answer
    ) async throws(OutboxError) -> Answer {
        switch source {
        case .running(_, let reader): try await reader.perform(body)
        case .atRest(let box): try await box.perform(body)
        }
    }

    /// - Returns: the document, or the reason for a failure.
    package func answer(_ request: ControlRequest) async -> ControlAnswer {
        do throws(OutboxError) {
            switch request {
            case .status: return .document(try await status())
            case .jobs(let state, let after, let limit):
                return .document(try await jobs(state, after: after, limit: limit))
            case .job(let id): return .document(try await job(id))
            case .deadLetters(let after, let limit): return .document(try await deadLetters(after: after, limit: limit))
            case .deadLetter(let id): return .document(try await deadLetter(id))
            case .exportDeadLetter(let id): return .document(try await exportDeadLetter(id))
            case .importDeadLetter(let line): return .document(try await importDeadLetter(line))
            case .retry(let id, let acceptsChanges):
                return .document(try await retry(id, acceptsChanges: acceptsChanges))
            case .discard(let id, let forgetsKey): return .document(try await discard(id, forgetsKey: forgetsKey))
            case .bury(let id): return .document(try await bury(id))
            case .forgetDelivery(let id):
                return .document(try await forget { store throws(OutboxError) in try store.forgetKeys(ofDelivery: id) })
            case .forgetKey(let hashes, let job):
                return .document(
                    try await forget { store throws(OutboxError) in try store.forgetKeys(hashes, ofJob: job) })
            case .delivery(let id): return .document(try await delivery(id))
            case .replayFigures(let range): return .document(try await replayFigures(range))
            case .replay(let range): return .document(try await replay(range))
            case .backup(let path, let folder): return .document(try await backup(to: path, inFolder: folder))
            case .learntSecrets(let name): return .document(try await learntSecrets(of: name))
            case .forgetLearntSecrets(let name): return .document(try await forgetLearntSecrets(of: name))
            case .quarantine(let range, let limit): return .document(try await quarantine(range, limit: limit))
            case .dropQuarantined(let range): return .document(try await dropQuarantined(range))
            case .verifyQuarantined:
                return .problem(
                    "no gateway is running on this outbox, and only a running one has routes: start it first")
            case .armRoute:
                return .problem("no gateway is running on this outbox, and only a running one can learn a secret")
            case .reload: return .problem("no gateway is running on this outbox")
            case .routes: return .problem("no gateway is running on this outbox\n\(ControlRequest.routesOfFolder)")
            }
        } catch {
            return error == .notFound ? .notFound : .problem(error.description)
        }
    }

    private func learntSecrets(of route: String) async throws(OutboxError) -> [UInt8] {
        try await ask { store throws(OutboxError) in
            guard let secrets = try store.learntSecrets()[route] else { throw .notFound }
            return ControlCoding.encode(
                ControlDocuments.LearntSecrets(
                    route: route, secrets: secrets.map { String(decoding: $0, as: UTF8.self) }))
        }
    }

    private func forgetLearntSecrets(of route: String) async throws(OutboxError) -> [UInt8] {
        try await ask { [learnt] store throws(OutboxError) in
            let count = try store.forgetLearntSecrets(of: route)
            learnt?.replace([], of: route)
            guard count > 0 else { throw .notFound }
            return ControlCoding.encode(ControlDocuments.ForgottenSecrets(secrets: count))
        }
    }

    private func status() async throws(OutboxError) -> [UInt8] {
        let now = time.wallMilliseconds()
        let isGatewayRunning = if case .running = source { true } else { false }
        try await storeQuarantined()
        return try await ask { [limit, relay] store throws(OutboxError) in
            let status = store.status
            // Figures of a damaged outbox may not fit each other: a difference of them can be below 0.
            return ControlCoding.encode(
                ControlDocuments.Status(
                    condition: status.condition.rawValue, pendingJobs: max(0, status.pendingJobs),
                    oldestPendingAge: status.oldestPendingAtMilliseconds.map { max(0, now - $0) } ?? 0,
                    parkedJobs: status.parkedJobs,
                    deadLetters: status.deadLetters, lastDeadLetter: try store.lastDeadLetter(),
                    deadBytes: status.deadBytes,
                    deadLimit: store.configuration.deadLimit.bytes, undeliveredBytes: max(0, status.undeliveredBytes),
                    undeliveredLimit: limit.bytes,
                    deliveredBytes: max(0, status.deliveredBytes), rememberedDeliveries: status.rememberedKeys,
                    fileBytes: status.fileBytes, logBytes: status.walBytes,
                    damagedFiles: status.damagedFiles, lostLists: store.lostLists, isGatewayRunning: isGatewayRunning,
                    relay: relay(),
                    quarantinedRequests: store.quarantine.sum.requests,
                    quarantinedBytes: store.quarantine.sum.bytes, lastQuarantined: try store.lastQuarantined()))
        }
    }

    private func jobs(_ state: JobState, after: Int64, limit: Int) async throws(OutboxError) -> [UInt8] {
        try await read { outbox throws(OutboxError) in
            let rows = try outbox.jobs(state, after: after, limit: limit).map { ControlDocuments.Job($0) }
            return ControlCoding.encode(
                ControlDocuments.Page(rows: rows, next: rows.count == limit ? rows.last?.id : nil))
        }
    }

    private func job(_ id: Int64) async throws(OutboxError) -> [UInt8] {
        try await read { outbox throws(OutboxError) in
            guard let content = try outbox.job(id) else { throw .notFound }
            return ControlCoding.encode(ControlDocuments.JobContent(content))
        }
    }

    private func deadLetters(after: Int64, limit: Int) async throws(OutboxError) -> [UInt8] {
        try await read { outbox throws(OutboxError) in
            let rows = try outbox.deadLetters(after: after, limit: limit).map { ControlDocuments.DeadLetter($0) }
            return ControlCoding.encode(
                ControlDocuments.Page(rows: rows, next: rows.count == limit ? rows.last?.id : nil))
        }
    }

    private func deadLetter(_ id: Int64) async throws(OutboxError) -> [UInt8] {
        try await read { outbox throws(OutboxError) in
            guard let content = try outbox.deadLetter(id) else { throw .notFound }
            return ControlCoding.encode(ControlDocuments.DeadLetterContent(content))
        }
    }

    private func exportDeadLetter(_ id: Int64) async throws(OutboxError) -> [UInt8] {
        try await read { outbox throws(OutboxError) in
            guard let content = try outbox.exportedDeadLetter(id) else { throw .notFound }
            return ControlCoding.encode(ControlDocuments.ExportedDeadLetter(content))
        }
    }

    private func importDeadLetter(_ line: [UInt8]) async throws(OutboxError) -> [UInt8] {
        let content: DeadLetterContent
        do throws(StartupError) {
            guard let letter = try? ControlCoding.decode(ControlDocuments.ExportedDeadLetter.self, line) else {
                throw StartupError(.wrongInput, "it is not a dead letter that was exported")
            }
            content = try letter.content()
        } catch {
            return ControlCoding.encode(ControlDocuments.Imported(problem: error.sentence))
        }
        return try await ask { store throws(OutboxError) in
            let letter = try store.importDeadLetter(content)
            return ControlCoding.encode(
                ControlDocuments.Imported(
                    letter: letter.id, wasThere: !letter.isNew, keyHolder: letter.keyHolder,
                    isKeyForgotten: letter.isKeyForgotten ? true : nil))
        }
    }

    private func delivery(_ id: String) async throws(OutboxError) -> [UInt8] {
        try await read { outbox throws(OutboxError) in
            guard let row = try outbox.request(ofDelivery: id) else { throw .notFound }
            return ControlCoding.encode(ControlDocuments.Delivery(row))
        }
    }

    /// Retries a dead letter. It is read and rendered next to the writer, which then only replaces it by the jobs.
    private func retry(_ id: Int64, acceptsChanges: Bool) async throws(OutboxError) -> [UInt8] {
        let rendered = try await read { [render] outbox throws(OutboxError) -> RenderingOutcome? in
            guard let content = try outbox.deadLetter(id) else { throw .notFound }
            guard content.isIntact else {
                let isLost = content.job == nil && content.request == nil
                return .failure(
                    "\(isLost ? "its request was lost" : Self.changed), so it is not retried; \(Self.advice)")
            }
            return content.letter.holdsJob ? nil : render(content)
        }
        switch rendered {
        case .failure(let why): return Self.stays(why)
        case .changed(_, let why) where !acceptsChanges: return Self.stays(why, wouldChange: true)
        case .success(let jobs), .changed(let jobs, _): return try await exchange(id, for: jobs)
        case nil: return try await exchange(id, for: nil)
        }
    }

    private static let changed = "its contents differ from what was stored (wrong checksum)"
    private static let advice = "discard it with --forget-key and have the provider send the delivery again"

    private static func stays(_ problem: String, wouldChange: Bool = false) -> [UInt8] {
        ControlCoding.encode(ControlDocuments.Retried(jobs: [], problem: problem, wouldChange: wouldChange))
    }

    /// - Parameter jobs: rendered from its request; nil for the job that it contains.
    private func exchange(_ id: Int64, for jobs: [Job]?) async throws(OutboxError) -> [UInt8] {
        try await ask { store throws(OutboxError) in
            let ids =
                if let jobs { try store.replaceDeadLetter(id, with: jobs) } else { [try store.retryDeadLetter(id)] }
            return ControlCoding.encode(ControlDocuments.Retried(jobs: ids, problem: nil, wouldChange: false))
        }
    }

    private func discard(_ id: Int64, forgetsKey: Bool) async throws(OutboxError) -> [UInt8] {
        try await ask { store throws(OutboxError) in
            let keys = try store.discardDeadLetter(id, forgetsKey: forgetsKey)
            return ControlCoding.encode(ControlDocuments.Forgotten(keys: keys, isUndelivered: false))
        }
    }

    private func bury(_ id: Int64) async throws(OutboxError) -> [UInt8] {
        try await ask { store throws(OutboxError) in
            ControlCoding.encode(ControlDocuments.Buried(deadLetter: try store.bury(id)))
        }
    }

    private func replayFigures(_ range: ReplayRange) async throws(OutboxError) -> [UInt8] {
        try await read { outbox throws(OutboxError) in
            let figures = try outbox.replayFigures(range)
            return ControlCoding.encode(
                ControlDocuments.ReplayFigures(
                    jobs: figures.jobs, bytes: figures.bytes, lastJob: figures.lastJob,
                    oldestKeptAt: figures.oldestKeptAtMilliseconds, waitingCopies: figures.waitingCopies,
                    isWaitingUnknown: figures.isWaitingUnknown))
        }
    }

    /// The maximum number of jobs replayed by one request, which reads the whole range for them, and by one short
    /// transaction.
    private static let replayLimit = 10_000
    private static let replayStep = 100

    private func replay(_ range: ReplayRange) async throws(OutboxError) -> [UInt8] {
        let ids = try await read { outbox throws(OutboxError) in
            try outbox.replayedJobs(range, limit: Self.replayLimit)
        }
        var done = ControlDocuments.Replayed(
            jobs: 0, damaged: [], next: ids.count == Self.replayLimit ? ids.last.map { $0 + 1 } : nil)
        for start in stride(from: 0, to: ids.count, by: Self.replayStep) {
            let step = Array(ids[start..<min(start + Self.replayStep, ids.count)])
            do throws(OutboxError) {
                let (jobs, damaged) = try await ask { store throws(OutboxError) in try store.replay(step) }
                done.jobs += jobs
                done.damaged += damaged
            } catch {
                // The command line counts the replayed jobs, asks for the rest, and gets the error.
                guard done.jobs > 0 else { throw error }
                done.next = step.first
                break
            }
        }
        return ControlCoding.encode(done)
    }

    private func quarantine(_ range: QuarantineRange, limit: Int) async throws(OutboxError) -> [UInt8] {
        try await storeQuarantined()
        return try await read { outbox throws(OutboxError) in
            let rows = try outbox.quarantined(range, limit: limit).map { ControlDocuments.QuarantinedRequest($0) }
            return ControlCoding.encode(
                ControlDocuments.Page(rows: rows, next: rows.count == limit ? rows.last?.id : nil))
        }
    }

    /// Stores the requests that wait for the quarantine: an answer then includes all that were answered 401 before.
    private func storeQuarantined() async throws(OutboxError) {
        if case .running(let writer, _) = source { try await writer.storeQuarantined() }
    }

    private func dropQuarantined(_ range: QuarantineRange) async throws(OutboxError) -> [UInt8] {
        try await storeQuarantined()
        return try await ask { store throws(OutboxError) in
            let (requests, next) = try store.dropQuarantined(range)
            return ControlCoding.encode(ControlDocuments.QuarantineDropped(requests: requests, next: next))
        }
    }

    /// Makes a backup in slices, each of which is on the disk before the next one is copied; deliveries are stored in
    /// between.
    private func backup(to path: String, inFolder folder: String) async throws(OutboxError) -> [UInt8] {
        let (outbox, bytes) = try await ask { store throws(OutboxError) in (store.path, store.backupBytes) }
        let file = try BackupFile(path, of: outbox, inFolder: folder, bytes: bytes)
        do throws(OutboxError) {
            try await ask { store throws(OutboxError) in try store.beginBackup(to: file.partialPath) }
            try await copy(to: file)
            let damage = file.damage()
            return ControlCoding.encode(
                ControlDocuments.BackedUp(path: path, bytes: try file.publish(), damage: damage))
        } catch {
            file.discard()
            throw error
        }
    }

    private func copy(to file: BackupFile) async throws(OutboxError) {
        while try await !ask({ store throws(OutboxError) in try store.continueBackup() }) {
            do throws(OutboxError) { try file.sync() } catch {
                try await ask { store throws(OutboxError) in store.endBackup() }
                throw error
            }
        }
    }

    private func forget(
        _ body: @escaping @Sendable (OutboxStore) throws(OutboxError) -> OutboxStore.ForgottenKeys
    ) async throws(OutboxError) -> [UInt8] {
        try await ask { store throws(OutboxError) in
            let forgotten = try body(store)
            return ControlCoding.encode(
                ControlDocuments.Forgotten(keys: forgotten.count, isUndelivered: forgotten.isUndelivered))
        }
    }
}

/// Renders a dead letter's request again with its current route: returns its jobs, or the reason why there are none.
package typealias DeadLetterRendering = @Sendable (DeadLetterContent) -> RenderingOutcome

package enum RenderingOutcome: Sendable {
    case success([Job])
    /// Jobs that differ from the original ones, and a sentence that describes the difference.
    case changed([Job], String)
    case failure(String)
}

/// The answer of a console.
package enum ControlAnswer: Sendable, Hashable {
    /// JSON.
    case document([UInt8])
    case notFound
    /// A sentence.
    case problem(String)
}

/// A connection that reads the outbox of a running gateway. Answers one request at a time.
package actor ReaderBox {
    private let reader: OutboxReader

    init(_ reader: sending OutboxReader) { self.reader = reader }

    func perform<Answer: Sendable>(
        _ body: @Sendable (any OutboxListing) throws(OutboxError) -> Answer
    ) throws(OutboxError) -> Answer {
        try body(reader)
    }
}

/// An outbox that a command has opened itself because no gateway runs on it. Answers one request at a time.
package actor StoreBox {
    private let store: OutboxStore

    /// Takes the lock and opens the file; see `OutboxStore`.
    package init(_ configuration: OutboxConfiguration, time: any TimeSource) throws(StartupError) {
        var configuration = configuration
        // Reading a copy leaves no reserve next to it; a gateway creates it again.
        configuration.reserve = ByteCount(bytes: 0)
        configuration.trustsFolderOwner = true
        store = try OutboxStore(configuration, time: time)
    }

    func perform<Answer: Sendable>(
        _ body: @Sendable (OutboxStore) throws(OutboxError) -> Answer
    ) throws(OutboxError) -> Answer {
        try body(store)
    }

    package func close() { store.close() }
}
