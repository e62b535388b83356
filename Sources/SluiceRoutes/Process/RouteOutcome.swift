package import SluiceBase

/// What a route makes of a request.
package enum RouteOutcome: Sendable {
    /// The reason is for the log: a sentence without anything that the sender wrote.
    case refused(ErrorCode, reason: String)
    /// A success of which nothing is stored.
    case acknowledged(RouteReply, because: AcknowledgementReason)
    /// To be answered when it is committed.
    case store(RenderedDelivery)
}

/// Why a genuine delivery leaves no trace.
package enum AcknowledgementReason: Sendable, Hashable {
    /// The rule at this position, counted from 0, says `ignore: true`.
    case ignoredByRule(Int)
    /// No rule matched, and the route says `otherwise: ignore`.
    case noRuleMatched
}

/// How a success is answered.
package struct RouteReply: Sendable, Hashable {
    /// 200–299.
    package var status: Int
    package var headers: [Header]
    /// `nil` for the gateway's own document, which tells the delivery's id and what became of it.
    package var body: [UInt8]?

    package struct Header: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    /// 200 with the gateway's own document.
    package static let standard = RouteReply(status: 200, headers: [], body: nil)
}
