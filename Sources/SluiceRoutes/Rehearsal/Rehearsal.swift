package import SluiceBase

/// What the gateway would make of a request, were it the first of its key, without anything being stored.
package struct Rehearsal: Sendable {
    package let outcome: RouteOutcome

    init(_ outcome: RouteOutcome) { self.outcome = outcome }

    /// What the gateway would answer.
    package var status: Int {
        switch outcome {
        case .refused(let code, _): code.httpStatus
        case .acknowledged(let reply, _): reply.status
        case .store(_, let reply): (reply ?? .standard).status
        }
    }
}

extension Route {
    /// Does with a request on the route's path what the gateway does, in the same order, save for what is the running
    /// gateway's own: the rate, the outbox and its keys.
    ///
    /// - Parameters:
    ///   - sender: who sends it, behind proxies that are trusted.
    ///   - receivedAtMilliseconds: the wall clock.
    ///   - deliveryID: what `${delivery.id}` is.
    package func rehearse(
        _ request: RequestToSign, sender: PeerAddress, receivedAtMilliseconds: Int64, deliveryID: String
    ) -> Rehearsal {
        request.withView(from: sender) { view in
            if let refusal = refusal(ofHead: view, sender: sender, receivedAtMilliseconds: receivedAtMilliseconds) {
                return Rehearsal(refusal)
            }
            if exceedsLimit(view) {
                return Rehearsal(.refused(.bodyTooLarge, reason: "the body has more than \(bodyLimit)"))
            }
            var scratch = RouteScratch()
            if let refusal = refusal(
                unverified: view, receivedAtMilliseconds: receivedAtMilliseconds, scratch: &scratch)
            {
                return Rehearsal(refusal)
            }
            return Rehearsal(
                processVerified(
                    view, receivedAtMilliseconds: receivedAtMilliseconds, deliveryID: deliveryID, scratch: &scratch))
        }
    }
}
