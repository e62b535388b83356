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
    /// `nil` where it is among the constant options, or Zizq's default.
    let priority: TextTemplate?
    /// `nil` for at once.
    let start: JobStart?
    /// `nil` where it is among the constant options, and where the job is not folded together with others.
    let batch: BatchTemplate?
    /// What is the same for each job; without rendered options all jobs share it.
    let constantOptions: JobOptions
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

    /// Whether there are options besides the constant ones.
    var hasRenderedOptions: Bool { priority != nil || start != nil || batch != nil }

    /// Whether its jobs are folded together with others.
    var hasBatch: Bool { batch != nil || constantOptions.hasBatch }
}
