/// One accepted request on its way into the outbox: what a route made of it, and where the answer goes.
package struct IngestDelivery: Sendable {
    /// Which event loop asked; its results come back together.
    package let origin: Int
    /// The caller's own mark for this request, handed back untouched.
    package let ticket: UInt64
    /// What the answer and the log call this delivery.
    package let deliveryID: String
    /// The route's name.
    package let route: String
    /// Wall clock when the request was complete, milliseconds since the epoch.
    package let receivedAtMilliseconds: Int64
    /// Monotonic clock when it was handed to the outbox; the commit deadline counts from here.
    package let enqueuedAtNanoseconds: Int64
    /// How long the keys are remembered, counted from the receipt. Fixed now: a later change of the setting does not move it.
    package let dedupeWindow: Duration
    /// What happens when a key was seen before with another body.
    package let onChangedBody: ChangedBodyRule
    /// The delivery as it is, or its first element with a key of its own. Apart from the others, so that most deliveries need no array.
    package let part: IngestPart
    /// The further elements with a key of their own. All parts are stored in one transaction.
    package let others: [IngestPart]
    /// The request's raw bytes, without what the verifier reads as credentials; nil where nothing is to be kept. Dead letters without a
    /// job share them.
    package let request: [UInt8]?
    /// Whether the request stays as long as any job or dead letter of the delivery is here, delivered jobs included. Otherwise it stays
    /// for the dead letters without a job, and is not stored where there are none.
    package let keepsRequest: Bool
    /// The delivery's share of the 16 MiB of one transaction.
    package let byteCost: Int

    package init(
        origin: Int, ticket: UInt64, deliveryID: String, route: String, receivedAtMilliseconds: Int64, enqueuedAtNanoseconds: Int64,
        dedupeWindow: Duration, onChangedBody: ChangedBodyRule = .duplicate, part: IngestPart, others: [IngestPart] = [],
        request: [UInt8]? = nil, keepsRequest: Bool = false
    ) {
        self.origin = origin
        self.ticket = ticket
        self.deliveryID = deliveryID
        self.route = route
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.enqueuedAtNanoseconds = enqueuedAtNanoseconds
        self.dedupeWindow = dedupeWindow
        self.onChangedBody = onChangedBody
        self.part = part
        self.others = others
        self.request = request
        self.keepsRequest = keepsRequest
        byteCost = others.reduce(part.byteCost + (request?.count ?? 0)) { $0 + IngestPart.overhead + $1.byteCost }
    }

    /// The delivery's rows in a transaction, at most: what counts against the limit of rows.
    package var partCount: Int { 1 + others.count }
}

/// Same key, other body: what then.
package enum ChangedBodyRule: String, Sendable, CaseIterable {
    /// It is a duplicate all the same; flagged and counted.
    case duplicate
    /// It is a delivery of its own; its jobs get a unique key of their own.
    case accept
    /// Its jobs go to the dead letters.
    case deadLetter = "dead_letter"
}
