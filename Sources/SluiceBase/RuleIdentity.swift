/// What a job rule makes, and a digest of all that it says: tells whether a rule of the route files is still the one of an earlier time.
///
/// A dead letter keeps that of the rule by which it failed, so that sending it again does not make another job in silence.
package struct RuleIdentity: Sendable, Hashable {
    /// The name of the kind; nil for a rule with `type`.
    package let kind: String?
    /// The job's type; nil where it is made of the request.
    package let type: String?
    /// The job's queue; nil where it is made of the request.
    package let queue: String?
    /// Over the rule's conditions, kind or type, payload and options as they are written, wherever the rule stands in its file.
    package let digest: Fingerprint

    package init(kind: String?, type: String?, queue: String?, digest: Fingerprint) {
        self.kind = kind
        self.type = type
        self.queue = queue
        self.digest = digest
    }

    /// How a rule differs from this one, in words such as `type a instead of b`; empty where what both make has the same names.
    package func differences(from earlier: RuleIdentity) -> [String] {
        let fields = [("kind", kind, earlier.kind), ("type", type, earlier.type), ("queue", queue, earlier.queue)]
        return fields.compactMap { name, now, before in
            guard now != before else { return nil }
            return "\(name) \(now ?? "(none)") instead of \(before ?? "(none)")"
        }
    }
}
