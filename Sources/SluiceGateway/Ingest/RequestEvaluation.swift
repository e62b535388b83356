internal import SluiceBase
internal import SluiceHTTP
internal import SluiceRoutes

/// A complete request while its route processes it, for any thread.
struct IngestRequest: Sendable {
    let entry: ActiveRoutes.Entry
    let exchange: ExchangeID
    let arrival: RequestArrival
    /// Its size class in the memory budget.
    let size: MemoryBudget.RequestSize
    /// Whether it has waited for a key.
    var hasWaited = false

    var deliveryID: String { arrival.deliveryID }
    var peer: PeerAddress { arrival.sender ?? .unknown }

    /// The route's result.
    struct Evaluation: Sendable {
        let outcome: RouteOutcome
        /// The memory that is still reserved.
        var charge: MemoryCharge
        /// Whether only a secret is missing that would make it valid.
        var awaitsSecret = false
        /// The content type of a body that looks like JSON and was not parsed as JSON; `nil` for other bodies.
        var mislabelledType: String?

        /// For a request that was not evaluated.
        static var tooManyWait: Evaluation {
            Evaluation(
                outcome: .refused(.memoryFull, reason: "too many requests wait to be verified or parsed"),
                charge: .uncounted)
        }

        /// For a handshake whose URL was called.
        static func called(_ url: URLToCall, _ result: Result<Bool, KeyFetchError>, reply: RouteReply) -> Evaluation {
            switch result {
            case .success: Evaluation(outcome: .handshake(reply, refusal: nil), charge: .uncounted)
            case .failure(let error):
                Evaluation(
                    outcome: .refused(.handshakeCallFailed, reason: url.problem(error.description)), charge: .uncounted)
            }
        }

        /// For a handshake whose secret was stored.
        static func learnt(_ reply: RouteReply) -> Evaluation {
            Evaluation(outcome: .handshake(reply, refusal: nil), charge: .uncounted)
        }

        /// For a handshake whose secret could not be stored.
        static var notLearnt: Evaluation {
            Evaluation(
                outcome: .refused(.commitFailed, reason: "the secret of the handshake was not stored"),
                charge: .uncounted)
        }

        /// For a request whose key fetch was not attempted.
        static func keyUnavailable(_ reason: String) -> Evaluation {
            Evaluation(outcome: .refused(.keyUnavailable, reason: reason), charge: .uncounted)
        }
    }

    /// - Parameter stage: the first remaining stage.
    func evaluate(
        _ request: borrowing RequestView, from stage: Route.Stage, memory: MemoryBudget, time: any TimeSource,
        scratch: inout RouteScratch
    ) -> Evaluation {
        scratch.charge = MemoryCharge(to: memory, for: size)
        let rate = entry.limiter.map { (limiter: $0, nanoseconds: time.monotonicNanoseconds()) }
        scratch.hasMislabelledJSON = false
        scratch.awaitsSecret = false
        let outcome = entry.route.handle(request, arrival, from: stage, rate: rate, scratch: &scratch)
        if case .store = outcome {} else { scratch.charge.giveBack(downTo: 0) }
        let charge = scratch.charge
        scratch.charge = .uncounted
        // Counted by the thread that goes on with it.
        if case .tooLargeForThread = outcome { scratch.hasMislabelledJSON = false }
        return Evaluation(
            outcome: outcome, charge: charge, awaitsSecret: scratch.awaitsSecret,
            mislabelledType: scratch.hasMislabelledJSON ? ContentTypes.name(in: request.headers).lowercased() : nil)
    }
}
