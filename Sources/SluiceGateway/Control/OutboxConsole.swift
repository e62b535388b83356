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
        _ body: @escaping @Sendable (Queries) throws(SQLiteError) -> Answer
    ) async throws(OutboxError) -> Answer {
        switch source {
        case .running(_, let reader): try await reader.read(body)
        case .atRest(let box): try await box.perform { store throws(OutboxError) in try store.read(body) }
        }
    }

    /// - Throws: `notFound` if `body` finds nothing.
    private func find<Answer: Sendable>(
        _ body: @escaping @Sendable (Queries) throws(SQLiteError) -> Answer?
    ) async throws(OutboxError) -> Answer {
        guard let answer = try await read(body) else { throw .notFound }
        return answer
    }

    /// - Returns: the document, or the reason for a failure.
    package func answer(_ request: ControlRequest) async -> ControlAnswer {
        do throws(OutboxError) { return .document(ControlCoding.encode(try await document(for: request))) } catch {
            return error == .notFound ? .notFound : .problem(error.description)
        }
    }

    private func document(for request: ControlRequest) async throws(OutboxError) -> any Encodable & Sendable {
        typealias Documents = ControlDocuments
        switch request {
        case .status: return try await status()
        case .jobs(let state, let after, let limit):
            let jobs = try await read { rows throws(SQLiteError) in try rows.jobs(state, after: after, limit: limit) }
            return Documents.Page(jobs, limit: limit)
        case .job(let id):
            return Documents.JobContent(try await find { rows throws(SQLiteError) in try rows.job(id) })
        case .deadLetters(let after, let limit):
            let letters = try await read { rows throws(SQLiteError) in
                try rows.deadLetters(after: after, limit: limit)
            }
            return Documents.Page(letters.map { Documents.DeadLetter($0) }, limit: limit)
        case .deadLetter(let id):
            return Documents.DeadLetterContent(try await find { rows throws(SQLiteError) in try rows.deadLetter(id) })
        case .exportDeadLetter(let id):
            return Documents.ExportedDeadLetter(
                try await find { rows throws(SQLiteError) in try rows.exportedDeadLetter(id) })
        case .importDeadLetter(let line): return try await importDeadLetter(line)
        case .retry(let id, let acceptsChanges): return try await retry(id, acceptsChanges: acceptsChanges)
        case .discard(let id, let forgetsKey):
            return Documents.Forgotten(
                keys: try await ask { store throws(OutboxError) in
                    try store.discardDeadLetter(id, forgetsKey: forgetsKey)
                }, isUndelivered: false)
        case .bury(let id):
            return Documents.Buried(deadLetter: try await ask { store throws(OutboxError) in try store.bury(id) })
        case .forgetDelivery(let id):
            return Documents.Forgotten(
                try await ask { store throws(OutboxError) in try store.forgetKeys(ofDelivery: id) })
        case .forgetKey(let hashes, let job):
            return Documents.Forgotten(
                try await ask { store throws(OutboxError) in try store.forgetKeys(hashes, ofJob: job) })
        case .delivery(let id):
            return Documents.Delivery(try await find { rows throws(SQLiteError) in try rows.request(ofDelivery: id) })
        case .replayFigures(let range):
            return try await read { rows throws(SQLiteError) in try rows.replayFigures(range) }
        case .replay(let range): return try await replay(range)
        case .backup(let path, let folder): return try await backup(to: path, inFolder: folder)
        case .learntSecrets(let name): return try await learntSecrets(of: name)
        case .forgetLearntSecrets(let name): return try await forgetLearntSecrets(of: name)
        case .quarantine(let range, let limit):
            try await storeQuarantined()
            let requests = try await read { rows throws(SQLiteError) in try rows.quarantined(range, limit: limit) }
            return Documents.Page(requests.map { Documents.QuarantinedRequest($0) }, limit: limit)
        case .dropQuarantined(let range):
            try await storeQuarantined()
            let (requests, next) = try await ask { store throws(OutboxError) in try store.dropQuarantined(range) }
            return Documents.QuarantineDropped(requests: requests, next: next)
        case .verifyQuarantined: throw .refused("\(Self.noGateway), and only a running one has routes: start it first")
        case .armRoute: throw .refused("\(Self.noGateway), and only a running one can learn a secret")
        case .reload: throw .refused(Self.noGateway)
        case .routes: throw .refused("\(Self.noGateway)\n\(ControlRequest.routesOfFolder)")
        }
    }

    private static let noGateway = "no gateway is running on this outbox"

    private func learntSecrets(of route: String) async throws(OutboxError) -> ControlDocuments.LearntSecrets {
        let secrets = try await ask { store throws(OutboxError) in try store.learntSecrets()[route] }
        guard let secrets else { throw .notFound }
        return .init(route: route, secrets: secrets.map { String(decoding: $0, as: UTF8.self) })
    }

    private func forgetLearntSecrets(of route: String) async throws(OutboxError) -> ControlDocuments.ForgottenSecrets {
        try await ask { [learnt] store throws(OutboxError) in
            let count = try store.forgetLearntSecrets(of: route)
            learnt?.replace([], of: route)
            guard count > 0 else { throw .notFound }
            return .init(secrets: count)
        }
    }

    private func status() async throws(OutboxError) -> ControlDocuments.Status {
        let now = time.wallMilliseconds()
        let isGatewayRunning = if case .running = source { true } else { false }
        try await storeQuarantined()
        return try await ask { [limit, relay] store throws(OutboxError) in
            let status = store.status
            // Figures of a damaged outbox may not fit each other: a difference of them can be below 0.
            let last = try store.read { rows throws(SQLiteError) in
                (letter: try rows.lastDeadLetter(), quarantined: try rows.lastQuarantined())
            }
            return .init(
                condition: status.condition.rawValue, pendingJobs: max(0, status.pendingJobs),
                oldestPendingAge: status.oldestPendingAtMilliseconds.map { max(0, now - $0) } ?? 0,
                parkedJobs: status.parkedJobs, deadLetters: status.deadLetters, lastDeadLetter: last.letter,
                deadBytes: status.deadBytes, deadLimit: store.configuration.deadLimit.bytes,
                undeliveredBytes: max(0, status.undeliveredBytes), undeliveredLimit: limit.bytes,
                deliveredBytes: max(0, status.deliveredBytes), rememberedDeliveries: status.rememberedKeys,
                fileBytes: status.fileBytes, logBytes: status.walBytes, damagedFiles: status.damagedFiles,
                lostLists: store.lostLists, isGatewayRunning: isGatewayRunning, relay: relay(),
                quarantinedRequests: store.quarantine.sum.requests, quarantinedBytes: store.quarantine.sum.bytes,
                lastQuarantined: last.quarantined)
        }
    }

    private func importDeadLetter(_ line: [UInt8]) async throws(OutboxError) -> ControlDocuments.Imported {
        let content: DeadLetterContent
        do throws(StartupError) {
            guard let letter = try? ControlCoding.decode(ControlDocuments.ExportedDeadLetter.self, line) else {
                throw StartupError(.wrongInput, "it is not a dead letter that was exported")
            }
            content = try letter.content()
        } catch {
            return .init(problem: error.sentence)
        }
        let letter = try await ask { store throws(OutboxError) in try store.importDeadLetter(content) }
        return .init(
            letter: letter.id, wasThere: !letter.isNew, keyHolder: letter.keyHolder,
            isKeyForgotten: letter.isKeyForgotten ? true : nil)
    }

    /// Retries a dead letter. It is read and rendered next to the writer, which then only replaces it by the jobs.
    private func retry(_ id: Int64, acceptsChanges: Bool) async throws(OutboxError) -> ControlDocuments.Retried {
        let content = try await find { rows throws(SQLiteError) in try rows.deadLetter(id) }
        guard content.isIntact else {
            let isLost = content.job == nil && content.request == nil
            return .stays("\(isLost ? "its request was lost" : Self.changed), so it is not retried; \(Self.advice)")
        }
        switch content.letter.holdsJob ? nil : render(content) {
        case .failure(let why): return .stays(why)
        case .changed(_, let why) where !acceptsChanges: return .stays(why, wouldChange: true)
        case .success(let jobs), .changed(let jobs, _): return try await exchange(id, for: jobs)
        case nil: return try await exchange(id, for: nil)
        }
    }

    private static let changed = "its contents differ from what was stored (wrong checksum)"
    private static let advice = "discard it with --forget-key and have the provider send the delivery again"

    /// - Parameter jobs: rendered from its request; nil for the job that it contains.
    private func exchange(_ id: Int64, for jobs: [Job]?) async throws(OutboxError) -> ControlDocuments.Retried {
        try await ask { store throws(OutboxError) in
            let ids =
                if let jobs { try store.replaceDeadLetter(id, with: jobs) } else { [try store.retryDeadLetter(id)] }
            return .init(jobs: ids, problem: nil, wouldChange: false)
        }
    }

    /// The maximum number of jobs replayed by one request, which reads the whole range for them, and by one short
    /// transaction.
    private static let replayLimit = 10_000
    private static let replayStep = 100

    private func replay(_ range: ReplayRange) async throws(OutboxError) -> ControlDocuments.Replayed {
        let ids = try await read { rows throws(SQLiteError) in
            try rows.replayedJobs(range, limit: Self.replayLimit)
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
        return done
    }

    /// Stores the requests that wait for the quarantine: an answer then includes all that were answered 401 before.
    private func storeQuarantined() async throws(OutboxError) {
        if case .running(let writer, _) = source { try await writer.storeQuarantined() }
    }

    /// Makes a backup in slices, each of which is on the disk before the next one is copied; deliveries are stored in
    /// between.
    private func backup(to path: String, inFolder folder: String) async throws(OutboxError) -> ControlDocuments.BackedUp
    {
        let bytes = try await ask { store throws(OutboxError) in store.backupBytes }
        let file = try BackupFile(path, inFolder: folder, bytes: bytes)
        do throws(OutboxError) {
            try await ask { store throws(OutboxError) in try store.beginBackup(to: file.partialPath) }
            try await copy(to: file)
            let damage = file.damage()
            return .init(path: path, bytes: try file.publish(), damage: damage)
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
}

/// Renders a dead letter's request again with its current route: returns its jobs, or the reason why there are none.
package typealias DeadLetterRendering = @Sendable (DeadLetterContent) -> RenderingOutcome

/// The result of rendering a dead letter's request again.
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

    func read<Answer: Sendable>(
        _ body: @Sendable (Queries) throws(SQLiteError) -> Answer
    ) throws(OutboxError) -> Answer {
        try reader.read(body)
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

    /// Closes the outbox.
    package func close() { store.close() }
}
