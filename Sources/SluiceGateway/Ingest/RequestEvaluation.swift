internal import SluiceBase
internal import SluiceHTTP
internal import SluiceRoutes

/// A complete request on its way through its route, as any thread may know it.
struct IngestRequest: Sendable {
    let entry: ActiveRoutes.Entry
    let exchange: ExchangeID
    let deliveryID: String
    let receivedAtMilliseconds: Int64
    let peer: PeerAddress
    /// How large it is to the memory budget.
    let size: MemoryBudget.RequestSize

    /// What is made of it: its signature is checked, a token of its rate taken, and its jobs rendered.
    struct Evaluation: Sendable {
        enum Verdict: Sendable {
            case refused(ErrorCode, reason: String, retryAfter: Duration?)
            case acknowledged(RouteReply, because: AcknowledgementReason)
            case store(Delivery, reply: RouteReply?)
            /// Verified, and to be rendered on a thread that may take longer.
            case tooLargeForThread
        }

        let verdict: Verdict
        /// What is still taken from the memory budget.
        var charge: MemoryCharge

        /// Of a request that was not looked at.
        static var tooManyWait: Evaluation {
            Evaluation(
                verdict: .refused(.memoryFull, reason: "too many large requests wait to be read", retryAfter: nil),
                charge: .uncounted)
        }
    }

    /// - Parameter isVerified: whether only its jobs are left to render.
    func evaluate(
        _ request: borrowing RequestView, isVerified: Bool, memory: MemoryBudget, time: any TimeSource,
        scratch: inout RouteScratch
    ) -> Evaluation {
        scratch.charge = MemoryCharge(to: memory, for: size)
        let verdict = verdict(request, isVerified: isVerified, time: time, scratch: &scratch)
        var charge = scratch.charge
        scratch.charge = .uncounted
        if case .store = verdict { return Evaluation(verdict: verdict, charge: charge) }
        charge.giveBack(downTo: 0)
        return Evaluation(verdict: verdict, charge: charge)
    }

    private func verdict(
        _ request: borrowing RequestView, isVerified: Bool, time: any TimeSource, scratch: inout RouteScratch
    ) -> Evaluation.Verdict {
        if !isVerified {
            let refusal = entry.route.refusal(
                unverified: request, receivedAtMilliseconds: receivedAtMilliseconds, scratch: &scratch)
            if case .refused(let code, let reason)? = refusal { return .refused(code, reason: reason, retryAfter: nil) }
            if let wait = entry.limiter?.take(at: time.monotonicNanoseconds()) {
                return .refused(.rateLimited, reason: ErrorCode.rateLimited.title, retryAfter: wait)
            }
        }
        let outcome = entry.route.processVerified(
            request, receivedAtMilliseconds: receivedAtMilliseconds, deliveryID: deliveryID, scratch: &scratch)
        if scratch.isTooLargeForThread { return .tooLargeForThread }
        return switch outcome {
        case .refused(let code, let reason): .refused(code, reason: reason, retryAfter: nil)
        case .acknowledged(let reply, let why): .acknowledged(reply, because: why)
        case .store(let delivery, let reply): .store(delivery, reply: reply)
        }
    }
}
