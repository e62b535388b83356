internal import SluiceBase

/// What `on_mismatch` says: a payload is not of the type that its kind declares.
package enum MismatchPolicy: String, CaseIterable, Sendable {
    case deadLetter = "dead_letter"
    /// 422
    case reject
}

extension MismatchPolicy {
    /// What becomes of a delivery whose jobs have been made: itself, or where one of its payloads did not fit and the route says so, a refusal.
    func outcome(of delivery: RenderedDelivery) -> RouteOutcome {
        guard self == .reject, let letter = delivery.deadLetters.first(where: { $0.reason == .payloadMismatch }) else {
            return .store(delivery)
        }
        return .refused(.payloadMismatch, reason: letter.detail)
    }
}
