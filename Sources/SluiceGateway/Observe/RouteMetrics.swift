package import SluiceBase
internal import SluiceOutbox
internal import Synchronization

/// The counters of one route. Created when a route table is loaded and kept as long as the process, so that a reload
/// resets nothing; an event loop has them in an array next to its route table and only increments them.
///
/// Can be used from any thread.
package final class RouteMetrics: Sendable {
    /// The route's name; empty for requests without a route.
    package let route: String
    package let received = Counter()
    package let ignored = Counter()
    package let duplicates = Counter()
    package let changedBodies = Counter()
    package let keysMissing = Counter()
    package let repairedSurrogates = Counter()
    package let mislabelledJSON = MislabelledBodies()
    package let committed = Counter()
    package let acceptedHandshakes = Counter()
    package let refusedHandshakes = Counter()
    package let quarantined = Counter()
    private let notQuarantined = QuarantineRefusal.allCases.map { _ in Counter() }
    private let refused = ErrorCode.allCases.map { _ in Counter() }
    private let dead = DeadLetterReason.allCases.map { _ in Counter() }
    private let lastDeliveryNanoseconds: Atomic<Int64>

    /// - Parameter nowNanoseconds: the monotonic clock; the start of the age for a route without a delivery.
    package init(route: String, nowNanoseconds: Int64) {
        self.route = route
        self.lastDeliveryNanoseconds = Atomic(nowNanoseconds)
    }

    /// The counter of one kind of refusal.
    package func refused(_ code: ErrorCode) -> Counter { refused[Self.codeIndex[code, default: 0]] }

    /// The counter of one kind of dead letter.
    package func dead(_ reason: DeadLetterReason) -> Counter { dead[Self.reasonIndex[reason, default: 0]] }

    /// The counter of requests that are not kept for this reason.
    package func notQuarantined(_ reason: QuarantineRefusal) -> Counter {
        notQuarantined[Self.refusalIndex[reason, default: 0]]
    }

    /// Records that a delivery of this route became durable.
    package func deliveryStored(atNanoseconds nanoseconds: Int64) {
        lastDeliveryNanoseconds.store(nanoseconds, ordering: .relaxed)
    }

    /// Seconds since the last delivery was stored.
    package func lastDeliveryAge(nowNanoseconds: Int64) -> Double {
        Double(max(nowNanoseconds - lastDeliveryNanoseconds.load(ordering: .relaxed), 0)) / 1e9
    }

    private static let codeIndex = Dictionary(uniqueKeysWithValues: ErrorCode.allCases.enumerated().map { ($1, $0) })
    private static let refusalIndex = Dictionary(
        uniqueKeysWithValues: QuarantineRefusal.allCases.enumerated().map { ($1, $0) })
    private static let reasonIndex = Dictionary(
        uniqueKeysWithValues: DeadLetterReason.allCases.enumerated().map { ($1, $0) })
}

extension RouteMetrics {
    /// Counts the outbox's verdict on a delivery of so many parts.
    func count(_ outcome: IngestOutcome, parts: Int, atNanoseconds now: Int64) {
        switch outcome {
        case .stored(let jobs, let deadLetters, let duplicates, let changedBody):
            committed.increment(by: jobs)
            deliveryStored(atNanoseconds: now)
            if changedBody { changedBodies.increment() }
            if duplicates > 0 { self.duplicates.increment(by: duplicates) }
            for reason in deadLetters { dead(reason).increment() }
        case .duplicate(_, let changedBody):
            duplicates.increment(by: parts)
            if changedBody { changedBodies.increment() }
        case .refused(let code): refused(code).increment()
        }
    }

    /// The counters that are exported for every route.
    var plainCounters: [(name: MetricName, counter: Counter)] {
        [
            (.received, received), (.ignored, ignored), (.duplicates, duplicates), (.changedBodies, changedBodies),
            (.keysMissing, keysMissing),
            (.repairedSurrogates, repairedSurrogates), (.mislabelledJSON, mislabelledJSON.total),
            (.committed, committed), (.quarantined, quarantined),
        ]
    }

    /// The refusals that alerts select.
    private static let alerted: Set<ErrorCode> = [
        .outboxFull, .outboxShareFull, .deadLettersFull, .diskFull, .memoryFull, .commitTooSlow, .commitFailed,
        .signatureInvalid,
    ]

    /// The counters with a second label: those above zero, because there are many and most stay zero.
    ///
    /// - Parameter startsAlerts: whether those that alerts select are included at zero. `rate` and `increase` do not
    ///   see the first count of a series that begins with it.
    func labelledCounters(startsAlerts: Bool) -> [(name: MetricName, label: String, value: UInt64)] {
        let refusals = ErrorCode.allCases.compactMap { code in
            let value = refused(code).value
            return value > 0 || startsAlerts && Self.alerted.contains(code)
                ? (name: MetricName.refused, label: code.rawValue, value: value) : nil
        }
        let deaths = DeadLetterReason.allCases.map {
            (name: MetricName.dead, label: $0.rawValue, value: dead($0).value)
        }
        let handshakes = [("accepted", acceptedHandshakes), ("refused", refusedHandshakes)].map {
            (name: MetricName.handshakes, label: $0, value: $1.value)
        }
        let dropped = QuarantineRefusal.allCases.map {
            (name: MetricName.quarantineDropped, label: $0.rawValue, value: notQuarantined($0).value)
        }
        return refusals + deaths.filter { $0.value > 0 || startsAlerts }
            + (handshakes + dropped).filter { $0.value > 0 }
    }
}

/// Bodies of a route that look like JSON and were not parsed as JSON, by their content type. Can be used from any
/// thread.
package final class MislabelledBodies: Sendable {
    let total = Counter()
    /// In the order of first appearance.
    private let seen = Mutex<[String]>([])

    /// A sender can name any number of types: further ones are only counted.
    private static let maximumTypes = 10

    /// Counts a body.
    ///
    /// - Returns: whether its type is new and should be logged.
    func count(_ type: String) -> Bool {
        total.increment()
        return seen.withLock { types in
            guard types.count < Self.maximumTypes, !types.contains(type) else { return false }
            types.append(type)
            return true
        }
    }

    /// A line for `sluice routes`; `nil` if there was no such body.
    func notice(ofRoute name: String) -> String? {
        let types = seen.withLock { $0 }
        guard !types.isEmpty else { return nil }
        let bodies = total.value == 1 ? "1 body that looks" : "\(total.value) bodies that look"
        return "route \(name): \(bodies) like JSON not parsed as JSON, with the content type "
            + "\(types.joined(separator: ", ")); set 'body: json' in the route, or correct the sender"
    }
}
