/// The limits of a route for requests whose signature matches no secret: the values of `quarantine`.
package struct QuarantineLimits: Sendable, Hashable {
    /// 1 to 100,000.
    package var maxRequests = 1000
    /// By `QuarantinedRequest.byteCost`.
    package var maxBytes = ByteCount.mebibytes(16)
    /// Of one address, or IPv6 /64; 1 to 100,000.
    package var maxPerAddress = 200
    /// How long each is kept.
    package var keep = Duration.seconds(7 * 86_400)

    package init() {}
}

/// A request whose signature matches no secret of its route, stored to be verified again.
package struct QuarantinedRequest: Sendable, Hashable {
    /// The route's name.
    package let route: String
    /// Wall clock when the request was complete, milliseconds since the epoch; signed timestamps are compared with it.
    package let receivedAtMilliseconds: Int64
    /// When it is removed, milliseconds since the epoch.
    package let expiresAtMilliseconds: Int64
    /// The sender's address, behind trusted proxies. Its port is not kept.
    package let sender: PeerAddress
    /// Why it was refused: a sentence without anything that the sender wrote.
    package let reason: String
    /// Head and body, with what the verifier reads, and without other credentials.
    package let bytes: [UInt8]

    package init(
        route: String, receivedAtMilliseconds: Int64, expiresAtMilliseconds: Int64, sender: PeerAddress, reason: String,
        bytes: [UInt8]
    ) {
        self.route = route
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.expiresAtMilliseconds = expiresAtMilliseconds
        self.sender = sender
        self.reason = reason
        self.bytes = bytes
    }

    /// The size of a request of this many bytes against the limits, including its row.
    package static func byteCost(_ bytes: Int) -> Int { bytes + 512 }
}

/// The reason why a request is not put into the quarantine. The raw value is the label of the metric.
package enum QuarantineRefusal: String, Sendable, CaseIterable {
    /// `max_requests` or `max_bytes` of the route is reached.
    case routeFull = "route_full"
    /// `max_per_address` is reached.
    case addressFull = "address_full"
    /// `outbox.max_quarantine_bytes` is reached.
    case quarantineFull = "quarantine_full"
    /// Its body has more than 16 MiB.
    case tooLarge = "too_large"
    /// Too many arrive at once, or memory is full.
    case busy
    /// The outbox is full, or cannot write.
    case outbox
}
