internal import SluiceBase

/// One entry of `jobs`, compiled.
struct JobRule: Sendable {
    enum Action: Sendable {
        /// Answered as a success; nothing is stored.
        case ignore
        case make(JobTemplate)
    }

    /// All must hold.
    let conditions: [Condition]
    let action: Action
    /// Where it stands.
    let place: Place
}

/// What a rule makes of a delivery.
struct JobTemplate: Sendable {
    let type: JobText
    let queue: JobText
    /// `nil` where it is among the constant members, or Zizq's default.
    let priority: TextTemplate?
    /// `nil` for at once.
    let start: JobStart?
    /// Without it the job is not folded together with others.
    let batch: BatchTemplate?
    /// JSON members, the same for each job.
    let constantMembers: [UInt8]
    let uniqueWhile: UniqueWhile
    /// The rule's own key, which goes to Zizq as rendered.
    let uniqueKey: UniqueKeyTemplate?
    let payload: PayloadTemplate
    /// What the payload must be; `nil` where the kind does not say, or there is none.
    let payloadType: PayloadType?
    /// Where its kind is declared; `nil` for a job that has none.
    let kindPlace: Place?

    /// Tells it from other rules, and from what it said earlier.
    let identity: RuleIdentity

    /// Whether there are members besides the constant ones.
    var hasRenderedMembers: Bool { priority != nil || start != nil || batch != nil }
}
