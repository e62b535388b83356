internal import FoundationEssentials
package import SluiceBase
internal import SluiceOutbox
internal import SluiceRouteFiles

extension ControlDocuments.JobContent {
    init(_ content: JobContent) {
        self.init(
            job: content.listing,
            options: String(decoding: content.job.options.members, as: UTF8.self),
            uniqueWhile: content.job.uniqueWhile?.rawValue, isIntact: content.isIntact,
            payload: String(decoding: content.job.payload, as: UTF8.self))
    }
}

extension ControlDocuments.DeadLetter {
    init(_ letter: DeadLetterListing) {
        self.init(
            id: letter.id, delivery: letter.deliveryID, route: letter.route, receivedAt: letter.receivedAtMilliseconds,
            diedAt: letter.diedAtMilliseconds, reason: letter.reason, detail: letter.detail, type: letter.jobType,
            queue: letter.queue,
            contentBytes: letter.contentBytes, holdsJob: letter.holdsJob, element: letter.element.map { $0 + 1 },
            rule: letter.rule.map { $0 + 1 }, ruleKind: letter.madeBy?.kind, ruleType: letter.madeBy?.type,
            ruleQueue: letter.madeBy?.queue, ruleDigest: letter.madeBy?.digest.description, lacksRule: letter.lacksRule)
    }
}

extension ControlDocuments.DeadLetterContent {
    init(_ content: DeadLetterContent) {
        self.init(
            letter: ControlDocuments.DeadLetter(content.letter), isIntact: content.isIntact,
            payload: content.job.map { String(decoding: $0.payload, as: UTF8.self) },
            request: content.request.map { String(decoding: $0, as: UTF8.self) })
    }
}

extension ControlDocuments.Delivery {
    init(_ row: KeptRequestRow) {
        self.init(
            delivery: row.deliveryID, route: row.route, receivedAt: row.receivedAtMilliseconds,
            request: row.request.map { Base64.encode($0) }, jobs: row.jobs,
            deadLetters: row.deadLetters.map { ControlDocuments.DeadLetter($0) })
    }
}

extension ControlDocuments.QuarantinedRequest {
    init(_ request: QuarantineListing) {
        self.init(
            id: request.id, route: request.route, receivedAt: request.receivedAtMilliseconds,
            expiresAt: request.expiresAtMilliseconds, sender: request.sender.description, reason: request.reason,
            bytes: request.bytes)
    }
}

extension ControlDocuments.Page where Row: Identifiable<Int64> {
    init(_ rows: [Row], limit: Int) { self.init(rows: rows, next: rows.count == limit ? rows.last?.id : nil) }
}

extension ControlDocuments.Forgotten {
    init(_ keys: OutboxStore.ForgottenKeys) { self.init(keys: keys.count, isUndelivered: keys.isUndelivered) }
}

extension ControlDocuments.Retried {
    /// The result for a dead letter that stays.
    static func stays(_ problem: String, wouldChange: Bool = false) -> ControlDocuments.Retried {
        .init(jobs: [], problem: problem, wouldChange: wouldChange)
    }
}

extension ControlDocuments.Routes {
    /// - Parameters:
    ///   - files: how the files on disk compare with those of the active table.
    ///   - notices: for the files and the certificate.
    init(_ snapshot: RouteReloadService.Snapshot, files: FolderSnapshot.Comparison, notices: [String]) {
        let status = snapshot.status
        let state = ControlDocuments.TableState(
            version: status.version, since: status.loadedAtMilliseconds ?? 0, triedAt: status.triedAtMilliseconds ?? 0,
            result: status.problems.isEmpty ? "success" : "failure", files: Self.word(files))
        self.init(
            gateway: state, problems: status.problems, routes: snapshot.compilation.details.map(\.summary),
            notices: notices + snapshot.routes.notices)
    }

    private static func word(_ files: FolderSnapshot.Comparison) -> String {
        switch files {
        case .same: "in_force"
        case .changed: "changed"
        case .unreadable: "unreadable"
        }
    }
}

/// JSON of the control documents.
package enum ControlCoding {
    /// The JSON of a document.
    package static func encode(_ document: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // The documents contain texts and numbers only, which can always be encoded.
        guard let bytes = try? encoder.encode(document) else {
            preconditionFailure("a control document can always be encoded")
        }
        return Array(bytes)
    }

    /// - Throws: if a gateway of another version answers with another format.
    package static func decode<Document: Decodable>(_ type: Document.Type, _ bytes: [UInt8]) throws(StartupError)
        -> Document
    {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw StartupError(.unavailable, "unexpected answer from the running gateway; is it another version?")
        }
    }
}
