package import SluiceBase
internal import SluiceJSON

/// What a route makes of a request.
package enum RouteOutcome: Sendable {
    /// The reason is for the log: a sentence without anything that the sender wrote.
    case refused(ErrorCode, reason: String)
    /// The route's rate is used up for this long.
    case rateLimited(retryAfter: Duration)
    /// A success of which nothing is stored.
    case acknowledged(RouteReply, because: AcknowledgementReason)
    /// A handshake, answered by the rule of the route; nothing is stored.
    ///
    /// `refusal`: why it is refused, where the rule has a status of its own for that.
    case handshake(RouteReply, refusal: String?)
    /// A handshake with a new secret of the route: answered as the rule says once the secret is stored, and refused if
    /// the route is not armed.
    case learns(HandshakeSecret, reply: RouteReply)
    /// A handshake to be answered so once this URL has been called.
    case call(URLToCall, RouteReply)
    /// To be answered when it is committed.
    ///
    /// `reply`: `nil` for the standard one.
    case store(Delivery, reply: RouteReply?)
    /// Verified, and its gzip body becomes more than this thread may inflate: to be handled again from `Stage.body`
    /// where that may take longer.
    case tooLargeForThread
    /// To be handled again from `Stage.signature` once this has been fetched.
    case needsKey(KeyNeed)
}

extension RouteOutcome {
    /// What is to be made of the request does not fit into the memory budget.
    static var memoryFull: RouteOutcome {
        .refused(.memoryFull, reason: "memory is full: no room for the jobs of the request")
    }

    /// The refusal, if it is one.
    package var refusal: (code: ErrorCode, reason: String)? {
        switch self {
        case .refused(let code, let reason): (code, reason)
        case .rateLimited: (.rateLimited, ErrorCode.rateLimited.title)
        case .needsKey(let need): (.keyUnavailable, need.problem("it was not fetched"))
        case .handshake(_, let reason): reason.map { (.handshakeRefused, $0) }
        case .acknowledged, .learns, .call, .store, .tooLargeForThread: nil
        }
    }

    /// How it is answered, if it is a success and the first delivery of its keys.
    package var reply: RouteReply? {
        switch self {
        case .refused, .rateLimited, .tooLargeForThread, .needsKey: nil
        case .acknowledged(let reply, _), .learns(_, let reply), .call(_, let reply): reply
        case .handshake(let reply, let refusal): refusal == nil ? reply : nil
        case .store(_, let reply): reply ?? .standard
        }
    }

    /// The status of its answer.
    package var status: Int {
        if case .handshake(let reply, _) = self { return reply.status }
        return refusal?.code.httpStatus ?? reply?.status ?? RouteReply.standard.status
    }
}

/// Why nothing of a verified delivery is stored.
package enum AcknowledgementReason: Sendable, Hashable {
    /// The rule at this position, counted from 0, says `ignore: true`.
    case ignoredByRule(Int)
    /// No rule matched, and the route says `otherwise: ignore`.
    case noRuleMatched
    /// The array of `each` is empty.
    case noElements

    /// The end of a sentence about a request of which nothing is stored; rules count from 1.
    package var words: String {
        switch self {
        case .ignoredByRule(let rule): "rule \(rule + 1) ignores it"
        case .noRuleMatched: "no rule matches and 'otherwise' is ignore"
        case .noElements: "'each' finds no element"
        }
    }
}

/// Memory that a thread uses again for each delivery, and how much work it may do for one. One per thread.
package struct RouteScratch {
    var findings = JSONFindings()
    /// What was taken from the budget for the delivery, besides its body.
    package var charge = MemoryCharge.uncounted
    /// Whether the last body that was read looks like JSON, was not parsed as JSON because of its content type, and the
    /// route reads fields of bodies. Set by `Route.handle` and reset by its caller.
    package var hasMislabelledJSON = false
    /// Whether the last request was refused only because no secret of the route matches its signature, so that another
    /// secret would make it valid. Set by `Route.handle` and reset by its caller.
    package var awaitsSecret = false
    /// How many bytes gzip may become on this thread, where that is less than the route's limit: an event loop has
    /// others to serve.
    package let mostInflatedBytes: Int?

    /// - Parameter mostInflatedBytes: nil for as many as the route takes.
    package init(mostInflatedBytes: Int? = nil) { self.mostInflatedBytes = mostInflatedBytes }

    /// Lets go of what only a rare body needs.
    mutating func trim() {
        if findings.loneSurrogates.capacity > Self.keptOffsets { findings = JSONFindings() }
    }

    private static let keptOffsets = 8192
}
