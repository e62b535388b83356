package import SluiceBase
package import SluiceOutbox

/// Answers what the command line asks about an outbox: of a running gateway, and of an outbox at rest.
package struct OutboxConsole: Sendable {
    /// Runs a step on whatever writes to the outbox, before the next batch of deliveries: a short one.
    typealias Ask =
        @Sendable (_ body: @escaping @Sendable (OutboxStore) throws(OutboxError) -> [UInt8]) async throws(OutboxError)
        -> [UInt8]
    /// Looks something up where no delivery waits for it.
    typealias Look =
        @Sendable (_ body: @escaping @Sendable (any OutboxListing) throws(OutboxError) -> [UInt8])
        async throws(OutboxError) -> [UInt8]

    private let ask: Ask
    private let look: Look
    private let limit: ByteCount
    private let isGatewayRunning: Bool
    private let time: any TimeSource
    private let render: DeadLetterRendering

    /// For the gateway that has the outbox open.
    ///
    /// - Parameter reader: a connection of the console's own. A list or a large payload is read beside the writer,
    ///   which has deliveries to store.
    static func running(
        _ outbox: OutboxWriter, _ reader: ReaderBox, limit: ByteCount, time: any TimeSource,
        render: @escaping DeadLetterRendering
    ) -> OutboxConsole {
        OutboxConsole(
            ask: { body throws(OutboxError) in try await outbox.perform(body) },
            look: { body throws(OutboxError) in try await reader.perform(body) }, limit: limit, isGatewayRunning: true,
            time: time,
            render: render)
    }

    /// For a command that has opened the outbox itself.
    ///
    /// - Parameter store: used from one task at a time.
    package static func atRest(_ box: StoreBox, limit: ByteCount, time: any TimeSource) -> OutboxConsole {
        OutboxConsole(
            ask: { body throws(OutboxError) in try await box.perform(body) },
            look: { body throws(OutboxError) in try await box.perform(body) }, limit: limit, isGatewayRunning: false,
            time: time,
            render: { _ in .failure("its route is needed to render it anew; start the gateway first") })
    }

    /// - Returns: the document, or why there is none.
    package func answer(_ request: ControlRequest) async -> ControlAnswer {
        do throws(OutboxError) {
            switch request {
            case .status: return .document(try await status())
            case .jobs(let state, let after, let limit): return .document(try await jobs(state, after, limit))
            case .job(let id): return .document(try await job(id))
            case .deadLetters(let after, let limit): return .document(try await deadLetters(after, limit))
            case .deadLetter(let id): return .document(try await deadLetter(id))
            case .retry(let id, let acceptsChanges):
                return .document(try await retry(id, acceptsChanges: acceptsChanges))
            case .discard(let id, let forgetsKey): return .document(try await discard(id, forgetsKey: forgetsKey))
            case .bury(let id): return .document(try await bury(id))
            case .forgetDelivery(let id):
                return .document(try await forget { store throws(OutboxError) in try store.forgetKeys(ofDelivery: id) })
            case .forgetKey(let hashes):
                return .document(try await forget { store throws(OutboxError) in try store.forgetKeys(hashes) })
            case .delivery(let id): return .document(try await delivery(id))
            case .reload: return .problem("no gateway runs on this outbox")
            case .routes: return .problem("no gateway runs on this outbox\n\(ControlRequest.routesOfFolder)")
            }
        } catch {
            return error == .notFound ? .notFound : .problem(error.description)
        }
    }

    private func status() async throws(OutboxError) -> [UInt8] {
        let now = time.wallMilliseconds()
        return try await ask { [limit, isGatewayRunning] store throws(OutboxError) in
            let status = store.status
            return ControlCoding.encode(
                ControlDocuments.Status(
                    condition: status.condition.rawValue, pendingJobs: status.pendingJobs,
                    oldestPendingAge: status.oldestPendingAtMilliseconds.map { max(0, now - $0) } ?? 0,
                    parkedJobs: status.parkedJobs,
                    deadLetters: status.deadLetters, lastDeadLetter: try store.lastDeadLetter(),
                    deadBytes: status.deadBytes,
                    deadLimit: store.configuration.deadLimit.bytes, undeliveredBytes: status.undeliveredBytes,
                    undeliveredLimit: limit.bytes,
                    deliveredBytes: status.deliveredBytes, rememberedDeliveries: status.rememberedDeliveries,
                    fileBytes: status.fileBytes, logBytes: status.walBytes, isGatewayRunning: isGatewayRunning))
        }
    }

    private func jobs(_ state: JobState, _ after: Int64, _ limit: Int) async throws(OutboxError) -> [UInt8] {
        try await look { outbox throws(OutboxError) in
            let rows = try outbox.jobs(state, after: after, limit: limit).map { ControlDocuments.Job($0) }
            return ControlCoding.encode(
                ControlDocuments.Page(rows: rows, next: rows.count == limit ? rows.last?.id : nil))
        }
    }

    private func job(_ id: Int64) async throws(OutboxError) -> [UInt8] {
        try await look { outbox throws(OutboxError) in
            guard let content = try outbox.job(id) else { throw .notFound }
            return ControlCoding.encode(ControlDocuments.JobContent(content))
        }
    }

    private func deadLetters(_ after: Int64, _ limit: Int) async throws(OutboxError) -> [UInt8] {
        try await look { outbox throws(OutboxError) in
            let rows = try outbox.deadLetters(after: after, limit: limit).map { ControlDocuments.DeadLetter($0) }
            return ControlCoding.encode(
                ControlDocuments.Page(rows: rows, next: rows.count == limit ? rows.last?.id : nil))
        }
    }

    private func deadLetter(_ id: Int64) async throws(OutboxError) -> [UInt8] {
        try await look { outbox throws(OutboxError) in
            guard let content = try outbox.deadLetter(id) else { throw .notFound }
            return ControlCoding.encode(ControlDocuments.DeadLetterContent(content))
        }
    }

    private func delivery(_ id: String) async throws(OutboxError) -> [UInt8] {
        try await look { outbox throws(OutboxError) in
            guard let row = try outbox.request(ofDelivery: id) else { throw .notFound }
            return ControlCoding.encode(ControlDocuments.Delivery(row))
        }
    }

    /// What the dead letter holds is read and rendered next to the writer, which then only exchanges it for the jobs.
    private func retry(_ id: Int64, acceptsChanges: Bool) async throws(OutboxError) -> [UInt8] {
        let rendered = OnceBox<RenderingOutcome>()
        _ = try await look { [render] outbox throws(OutboxError) in
            guard let content = try outbox.deadLetter(id) else { throw .notFound }
            if !content.isIntact { rendered.set(.failure(Self.damaged)) }
            if !content.letter.holdsJob { rendered.set(render(content)) }
            return []
        }
        switch rendered.value {
        case .failure(let why): return Self.stays(why)
        case .changed(_, let why) where !acceptsChanges: return Self.stays(why, wouldChange: true)
        case .success(let jobs), .changed(let jobs, _): return try await exchange(id, for: jobs)
        case nil: return try await exchange(id, for: nil)
        }
    }

    private static let damaged =
        "its job is not the one that was stored (its checksum differs), so it is not sent; discard it with "
        + "--forget-key and have the "
        + "provider send the delivery again"

    private static func stays(_ problem: String, wouldChange: Bool = false) -> [UInt8] {
        ControlCoding.encode(ControlDocuments.Retried(jobs: [], problem: problem, wouldChange: wouldChange))
    }

    /// - Parameter jobs: what its request was rendered to; nil for the job that it holds.
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

/// Renders a dead letter's request again with the route that it came by: its jobs, or why there are none.
package typealias DeadLetterRendering = @Sendable (DeadLetterContent) -> RenderingOutcome

package enum RenderingOutcome: Sendable {
    case success([Job])
    /// Jobs other than what the dead letter was meant to be, and a sentence that says how they differ.
    case changed([Job], String)
    case failure(String)
}

/// What a console says.
package enum ControlAnswer: Sendable, Hashable {
    /// JSON.
    case document([UInt8])
    case notFound
    /// A sentence.
    case problem(String)
}
