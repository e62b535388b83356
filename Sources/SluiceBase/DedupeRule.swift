/// What a unique key that was seen before means for what arrives with it. Pure: the outbox asks it about rows of its
/// database, `check` about the examples that it has run.
package struct DedupeRule: Sendable {
    package let onChangedBody: ChangedBodyPolicy

    package init(_ onChangedBody: ChangedBodyPolicy) { self.onChangedBody = onChangedBody }

    /// A delivery, or an element of one, that was accepted with the key.
    package struct Holder: Sendable, Hashable {
        /// By which the caller knows it.
        package let row: Int64
        package let deliveryID: String
        /// How often the key had been accepted before.
        package let generation: Int64
        /// nil where it is not known.
        package let bodyHash: Fingerprint?
        /// The row of the holder with another body that came before it.
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

    /// What happens to what arrived.
    package enum Verdict: Sendable, Hashable {
        /// It is stored, its jobs marked with the generation; `supersedes`: the row of the holder whose body differs.
        case store(generation: Int64, supersedes: Int64?)
        /// Its jobs become dead letters with the reason `changed_body`, marked with the generation: Zizq must not drop
        /// one that a person sends as a duplicate of the first body's.
        case deadLetter(generation: Int64, supersedes: Int64)
        /// Nothing of it is stored. `changedBody`: it differs from the holder's, and the route ignores that.
        case duplicate(of: Holder, changedBody: Bool)

        /// Without a key, or with one that nobody holds.
        package static let new = Verdict.store(generation: 0, supersedes: nil)

        package var isDuplicate: Bool { if case .duplicate = self { true } else { false } }

        /// Whether the key was seen before with another body, whatever the route makes of that.
        package var isChangedBody: Bool {
            switch self {
            case .store(_, let supersedes): supersedes != nil
            case .deadLetter: true
            case .duplicate(_, let changedBody): changedBody
            }
        }
    }

    /// - Parameters:
    ///   - bodyHash: of what arrived.
    ///   - newest: the newest holder of the key.
    ///   - isForgotten: whether the key no longer holds: its window has passed, or a person had it forgotten.
    ///   - earlier: the holder with this body among those that `newest` supersedes; asked only if that matters.
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
    /// Of a job whose part of a delivery has a known key with another body, where the route says `dead_letter`.
    package static func changedBody(of part: borrowing Delivery.Part) -> DeadLetter {
        DeadLetter(
            reason: .changedBody, detail: "the unique key was seen before with another body",
            share: DeliveryShare(element: part.element))
    }
}
