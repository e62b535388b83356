/// Decides what happens to a delivery whose unique key was seen before. Pure: the outbox passes rows of its database,
/// `check` the examples that it has run.
package struct DedupeRule: Sendable {
    package let onChangedBody: ChangedBodyPolicy

    package init(_ onChangedBody: ChangedBodyPolicy) { self.onChangedBody = onChangedBody }

    /// A delivery, or an element of one, that was accepted with the key.
    package struct Holder: Sendable, Hashable {
        /// The caller's identifier of the delivery or element.
        package let row: Int64
        package let deliveryID: String
        /// How often the key had been accepted before.
        package let generation: Int64
        /// `nil` if it is not known.
        package let bodyHash: Fingerprint?
        /// The row of the earlier holder with another body.
        package let supersedes: Int64?

        package init(
            row: Int64, deliveryID: String, generation: Int64, bodyHash: Fingerprint?, supersedes: Int64?
        ) {
            self.row = row
            self.deliveryID = deliveryID
            self.generation = generation
            self.bodyHash = bodyHash
            self.supersedes = supersedes
        }
    }

    /// What happens to the new delivery or element.
    package enum Verdict: Sendable, Hashable {
        /// It is stored, and its jobs get the generation. `supersedes` is the row of the holder with another body.
        case store(generation: Int64, supersedes: Int64?)
        /// Its jobs become dead letters with the reason `changed_body` and get the generation: if a person sends one,
        /// Zizq must not drop it as a duplicate of the first body's job.
        case deadLetter(generation: Int64, supersedes: Int64)
        /// It is not stored. `changedBody`: its body differs from the holder's, which the route ignores.
        case duplicate(of: Holder, changedBody: Bool)

        /// The verdict without a key, or with a key that was not seen before.
        package static let new = Verdict.store(generation: 0, supersedes: nil)

        package var isDuplicate: Bool { if case .duplicate = self { true } else { false } }

        /// Whether the key was seen before with another body, for any policy of the route.
        package var isChangedBody: Bool {
            switch self {
            case .store(_, let supersedes): supersedes != nil
            case .deadLetter: true
            case .duplicate(_, let changedBody): changedBody
            }
        }
    }

    /// - Parameters:
    ///   - bodyHash: of the new delivery or element.
    ///   - newest: the newest holder of the key.
    ///   - isForgotten: whether the key was forgotten: its window has passed, or an operator forgot it.
    ///   - earlier: the holder with this body among those that `newest` supersedes; called only if needed.
    package func verdict<Failure>(
        on bodyHash: Fingerprint, newest: Holder, isForgotten: Bool, earlier: () throws(Failure) -> Holder?
    ) throws(Failure) -> Verdict {
        let generation = newest.generation + 1
        if isForgotten { return .store(generation: generation, supersedes: nil) }
        if newest.bodyHash == bodyHash { return .duplicate(of: newest, changedBody: false) }
        if let same = try earlier() { return .duplicate(of: same, changedBody: false) }
        switch onChangedBody {
        case .duplicate: return .duplicate(of: newest, changedBody: true)
        case .accept: return .store(generation: generation, supersedes: newest.row)
        case .deadLetter: return .deadLetter(generation: generation, supersedes: newest.row)
        }
    }
}

extension DeadLetter {
    /// A dead letter for a part whose known key has another body, if the route says `dead_letter`.
    package static func changedBody(of part: borrowing Delivery.Part) -> DeadLetter {
        DeadLetter(
            reason: .changedBody, detail: "the unique key was seen before with another body",
            share: DeliveryShare(element: part.element))
    }
}
