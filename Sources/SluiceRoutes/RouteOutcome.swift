package import SluiceBase
internal import SluiceJSON

/// A route's result for a request.
package enum RouteOutcome: Sendable {
    /// The reason is for the log: a sentence without any text from the sender.
    case refused(ErrorCode, reason: String)
    /// The route's rate is exceeded for this long.
    case rateLimited(retryAfter: Duration)
    /// A success without anything to store.
    case acknowledged(RouteReply, because: AcknowledgementReason)
    /// A handshake, answered by the rule of the route; nothing is stored.
    ///
    /// `refusal`: the reason of a refusal, if the rule has its own status for it.
    case handshake(RouteReply, refusal: String?)
    /// A handshake with a new secret of the route: answered by the rule after the secret is stored, and refused if the
    /// route is not armed.
    case learns(HandshakeSecret, reply: RouteReply)
    /// A handshake with this answer after the URL has been called.
    case call(URLToCall, RouteReply)
    /// To be answered after it is committed.
    ///
    /// `reply`: `nil` for the standard one.
    case store(Delivery, reply: RouteReply?)
    /// Verified, and its decompressed body is too large for this thread: to be handled again from `Stage.body` on
    /// another one.
    case tooLargeForThread
    /// To be handled again from `Stage.signature` after this key has been fetched.
    case needsKey(RequiredKey)
}

extension RouteOutcome {
    /// Rendering the request would exceed the memory budget.
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

    /// The answer, if it is a success and the first delivery of its keys.
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

/// Why nothing is stored for a verified delivery.
package enum AcknowledgementReason: Sendable, Hashable {
    /// The rule at this index, from 0, has `ignore: true`.
    case ignoredByRule(Int)
    /// No rule matched, and the route has `otherwise: ignore`.
    case noRuleMatched
    /// The array of `each` is empty.
    case noElements

    /// The end of a sentence about a request without stored jobs; rules are counted from 1.
    package var words: String {
        switch self {
        case .ignoredByRule(let rule): "rule \(rule + 1) ignores it"
        case .noRuleMatched: "no rule matches and 'otherwise' is ignore"
        case .noElements: "'each' finds no element"
        }
    }
}

/// Memory that a thread reuses for each delivery, and the limit of its work for one. One per thread.
package struct RouteScratch {
    var findings = JSONFindings()
    /// The memory reserved for the delivery, in addition to its body.
    package var charge = MemoryCharge.uncounted
    /// Whether the last body looks like JSON, was not parsed as JSON because of its content type, and the route uses
    /// fields of bodies. Set by `Route.handle` and reset by its caller.
    package var hasMislabelledJSON = false
    /// Whether the last request was refused only because no secret of the route matches its signature, so that another
    /// secret would make it valid. Set by `Route.handle` and reset by its caller.
    package var awaitsSecret = false
    /// The maximum decompressed size on this thread, if it is less than the route's limit: an event loop has other
    /// connections.
    package let maximumInflatedBytes: Int?
    /// The same for all payloads of a delivery.
    package let maximumRenderedBytes: Int?

    /// - Parameters:
    ///   - maximumInflatedBytes: `nil` for the route's limit.
    ///   - maximumRenderedBytes: the same.
    package init(maximumInflatedBytes: Int? = nil, maximumRenderedBytes: Int? = nil) {
        self.maximumInflatedBytes = maximumInflatedBytes
        self.maximumRenderedBytes = maximumRenderedBytes
    }

    /// Releases memory that few bodies need.
    mutating func trim() {
        if findings.loneSurrogates.capacity > Self.keptOffsets { findings = JSONFindings() }
    }

    private static let keptOffsets = 8192
}
