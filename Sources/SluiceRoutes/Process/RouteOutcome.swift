package import SluiceBase

/// What a route makes of a request.
package enum RouteOutcome: Sendable {
    /// The reason is for the log: a sentence without anything that the sender wrote.
    case refused(ErrorCode, reason: String)
    /// A success of which nothing is stored.
    case acknowledged(RouteReply, because: AcknowledgementReason)
    /// To be answered when it is committed.
    ///
    /// `reply`: `nil` for the standard one.
    case store(Delivery, reply: RouteReply?)
}

extension RouteOutcome {
    /// What is to be made of the request does not fit into the memory budget.
    static var memoryFull: RouteOutcome {
        .refused(.memoryFull, reason: "memory is full: no room for the jobs of the request")
    }
}

/// Why a verified delivery leaves no trace.
package enum AcknowledgementReason: Sendable, Hashable {
    /// The rule at this position, counted from 0, says `ignore: true`.
    case ignoredByRule(Int)
    /// No rule matched, and the route says `otherwise: ignore`.
    case noRuleMatched
    /// The array of `each` is empty.
    case noElements
}

/// How a success is answered.
package struct RouteReply: Sendable, Hashable {
    /// 200–299.
    package var status: Int
    package var headers: [Header]
    /// `nil` for the gateway's own document, which tells the delivery's id and what became of it.
    package var body: [UInt8]?
    /// Whether the delivery's id stands in headers or body.
    package var namesDelivery = false

    package struct Header: Sendable, Hashable {
        package let name: String
        package let value: String

        init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// 200 with the gateway's own document.
    package static let standard = RouteReply(status: 200, headers: [], body: nil)

    /// The reply to a duplicate: it names the delivery that was the first.
    package func naming(_ first: String, insteadOf own: String) -> RouteReply {
        guard namesDelivery else { return self }
        var reply = self
        reply.headers = headers.map { Header(name: $0.name, value: $0.value.replacing(own, with: first)) }
        reply.body = body.map { $0.replacing(Array(own.utf8), with: Array(first.utf8)) }
        return reply
    }
}
