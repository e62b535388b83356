internal import SluiceBase
internal import SluiceHTTP
internal import SluiceOutbox
internal import SluiceRouteFiles
internal import SluiceRoutes

/// The control service of a running gateway, over its UNIX socket. Belongs to its loop.
final class ControlService: HTTPService {
    private let answerer: ControlAnswerer

    init(answerer: ControlAnswerer) { self.answerer = answerer }

    func admit(_ request: borrowing RequestView) -> Admission<NoContext> {
        .body(limit: request.target.text == ControlRequest.importTarget ? ControlRequest.largestDocument : 0)
    }

    func respond(to request: borrowing RequestView, context: NoContext, exchange: ExchangeID) -> ServiceReply {
        guard
            let asked = ControlRequest(
                method: request.method.text, target: request.target.text,
                body: request.body.array)
        else {
            return .now(ProblemDocument.response(for: .noSuchRoute))
        }
        answerer.start(asked, exchange)
        return .later
    }
}

/// Answers control requests away from the loop, which must not wait for the outbox.
struct ControlAnswerer: Sendable {
    let reload: RouteReloadService
    let console: OutboxConsole
    let learnt: LearntSecrets
    let quarantine: QuarantineVerifier
    let time: any TimeSource
    /// Receives the answers for the server.
    let mailbox: HTTPServerMailbox

    func start(_ asked: ControlRequest, _ exchange: ExchangeID) {
        Task { await finish(asked, exchange) }
    }

    private func finish(_ asked: ControlRequest, _ exchange: ExchangeID) async {
        let response = Self.response(await answer(asked))
        mailbox.post { $0.complete(exchange, with: response) }
    }

    private func answer(_ asked: ControlRequest) async -> ControlAnswer {
        switch asked {
        case .reload: .document(ControlCoding.encode(await reload.reload()))
        case .routes: .document(await routes())
        case .armRoute(let name): .document(ControlCoding.encode(arm(name)))
        case .verifyQuarantined(let id): await verify(id)
        case .quarantine, .dropQuarantined, .learntSecrets, .forgetLearntSecrets, .status, .jobs, .job, .deadLetters,
            .deadLetter, .delivery, .retry, .discard, .bury,
            .forgetDelivery, .forgetKey, .backup, .exportDeadLetter, .importDeadLetter,
            .replayFigures, .replay:
            await console.answer(asked)
        }
    }

    private func routes() async -> [UInt8] {
        let (snapshot, files, notices) = await reload.snapshotAndFiles()
        var document = ControlDocuments.Routes(snapshot, files: files, notices: notices + quarantine.notices)
        for index in document.routes.indices {
            let secrets = learnt.secrets(of: document.routes[index].name)
            guard !secrets.isEmpty, snapshot.routes.table.routes[index].learnsSecrets else { continue }
            let summaries = secrets.map { SecretSummary(key: "learn", source: "learnt", text: $0) }
            document.routes[index].secrets = (document.routes[index].secrets ?? []) + summaries
        }
        return ControlCoding.encode(document)
    }

    private func verify(_ id: Int64) async -> ControlAnswer {
        do throws(OutboxError) {
            return .document(ControlCoding.encode(try await quarantine.verify(id)))
        } catch {
            return error == .notFound ? .notFound : .problem(error.description)
        }
    }

    private func arm(_ name: String) -> ControlDocuments.Armed {
        let routes = reload.activeRoutes.table.routes
        let written = PrintableText.escape(name)
        guard let route = routes.first(where: { $0.name == name }) else {
            return .init(problem: "no route '\(written)' is loaded; 'sluice routes' lists the names")
        }
        guard route.learnsSecrets else {
            return .init(problem: "the route '\(written)' has no handshake with 'learn', so it has nothing to learn")
        }
        return .init(until: learnt.arm(name, atMilliseconds: time.wallMilliseconds()))
    }

    private static func response(_ answer: ControlAnswer) -> HTTPResponse {
        let json = [(name: "content-type", value: "application/json")]
        switch answer {
        case .document(let bytes): return HTTPResponse(status: 200, headers: json, body: bytes)
        case .notFound: return HTTPResponse(status: 404, headers: json, body: Array("{}".utf8))
        case .problem(let sentence):
            return HTTPResponse(
                status: 500, headers: [(name: "content-type", value: "text/plain")], body: Array(sentence.utf8))
        }
    }
}

/// The UNIX socket between the command line and a running gateway. Its mode is 0600: anyone who can open it could read
/// the outbox anyway.
package enum ControlSocket {
    /// The path is next to the outbox, so that two gateways have two.
    package static func path(outbox: String) -> String { outbox + ".sock" }
}
