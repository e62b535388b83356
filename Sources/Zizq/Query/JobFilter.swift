internal import SluiceBase

/// Bounds of a number, both of which belong to it: `10...20`, `10...`, `...20`.
///
/// ```swift
/// let urgent = JobFilter().priority(...100)
/// ```
public protocol FilterBounds<Bound> {
    /// What is bounded.
    associatedtype Bound: Comparable
    /// The bounds; nil where there is none.
    var filterBounds: (lower: Bound?, upper: Bound?) { get }
}

extension ClosedRange: FilterBounds {
    /// Both bounds of the range, or the one that it has.
    public var filterBounds: (lower: Bound?, upper: Bound?) { (lowerBound, upperBound) }
}

extension PartialRangeFrom: FilterBounds {
    /// Both bounds of the range, or the one that it has.
    public var filterBounds: (lower: Bound?, upper: Bound?) { (lowerBound, nil) }
}

extension PartialRangeThrough: FilterBounds {
    /// Both bounds of the range, or the one that it has.
    public var filterBounds: (lower: Bound?, upper: Bound?) { (nil, upperBound) }
}

/// Which jobs a count or a list is about: those that fit everything that is set.
///
/// ```swift
/// let filter = JobFilter().queues(["emails"]).statuses([.ready, .scheduled]).attempts(1...)
/// let failedBefore = try await client.count(filter)
/// ```
///
/// Each method gives back a copy. An empty list fits no job.
public struct JobFilter: Sendable, Hashable {
    private var parameters: [String: String] = [:]
    /// What is wrong with a name in a list: a comma would make two of it.
    private(set) var complaint: ZizqError?
    /// Whether some list is empty, so that nobody need be asked.
    private(set) var fitsNothing = false

    /// All jobs.
    public init() {}

    private func setting(_ name: String, _ value: String) -> JobFilter {
        var copy = self
        copy.parameters[name] = value
        return copy
    }

    private func setting(_ name: String, list: [String]) -> JobFilter {
        var copy = setting(name, list.joined(separator: ","))
        if list.isEmpty { copy.fitsNothing = true }
        if list.contains(where: { $0.isEmpty || $0.contains(",") }) {
            copy.complaint = .invalidArgument(
                "values of the filter '\(name)' must not be empty or contain a comma")
        }
        return copy
    }

    private func setting<Bound>(_ name: String, _ bounds: some FilterBounds<Bound>, write: (Bound) -> String)
        -> JobFilter
    {
        let (lower, upper) = bounds.filterBounds
        return setting(name, (lower.map(write) ?? "") + ".." + (upper.map(write) ?? ""))
    }

    /// Jobs with one of these identifiers.
    ///
    /// ```swift
    /// let filter = JobFilter().ids(["03hafxki710pxbxgtmvmxkl9v"])
    /// ```
    public func ids(_ ids: [String]) -> JobFilter { setting("id", list: ids) }

    /// Jobs in one of these states.
    ///
    /// ```swift
    /// let filter = JobFilter().statuses([.ready, .scheduled])
    /// ```
    public func statuses(_ statuses: [JobStatus]) -> JobFilter { setting("status", list: statuses.map(\.rawValue)) }

    /// Jobs on one of these queues.
    ///
    /// ```swift
    /// let filter = JobFilter().queues(["emails", "default"])
    /// ```
    public func queues(_ names: [String]) -> JobFilter { setting("queue", list: names) }

    /// Jobs of one of these types.
    ///
    /// ```swift
    /// let filter = JobFilter().types([SendEmail.name])
    /// ```
    public func types(_ names: [String]) -> JobFilter { setting("type", list: names) }

    /// Jobs of this priority.
    ///
    /// ```swift
    /// let filter = JobFilter().priority(100)
    /// ```
    public func priority(_ priority: UInt16) -> JobFilter { setting("priority", String(priority)) }

    /// Jobs of a priority within these bounds. Servers from 0.5 on.
    ///
    /// ```swift
    /// let filter = JobFilter().priority(10...100)
    /// ```
    public func priority(_ bounds: some FilterBounds<UInt16>) -> JobFilter {
        setting("priority", bounds) { String($0) }
    }

    /// Jobs that may run at this time exactly.
    ///
    /// ```swift
    /// let filter = JobFilter().readyAt(job.readyAt)
    /// ```
    public func readyAt(_ time: Timestamp) -> JobFilter { setting("ready_at", String(time.millisecondsSinceEpoch)) }

    /// Jobs that may run at a time within these bounds. Servers from 0.5 on.
    ///
    /// ```swift
    /// let overdue = JobFilter().statuses([.ready]).readyAt(...(Timestamp.now + .seconds(-60)))
    /// ```
    public func readyAt(_ bounds: some FilterBounds<Timestamp>) -> JobFilter {
        setting("ready_at", bounds) { String($0.millisecondsSinceEpoch) }
    }

    /// Jobs that have failed so often.
    ///
    /// ```swift
    /// let filter = JobFilter().attempts(0)
    /// ```
    public func attempts(_ count: UInt32) -> JobFilter { setting("attempts", String(count)) }

    /// Jobs that have failed a number of times within these bounds. Servers from 0.5 on.
    ///
    /// ```swift
    /// let filter = JobFilter().attempts(3...)
    /// ```
    public func attempts(_ bounds: some FilterBounds<UInt32>) -> JobFilter {
        setting("attempts", bounds) { String($0) }
    }

    /// Jobs for whose payload a jq expression is true, such as `.to == "alice@example.com"`.
    ///
    /// ```swift
    /// let filter = JobFilter().payload(jq: #".to == "alice@example.com""#)
    /// ```
    public func payload(jq expression: String) -> JobFilter { setting("filter", expression) }

    /// The query, without its question mark; empty for all jobs.
    func query(adding others: [String: String] = [:]) -> String {
        parameters.merging(others) { $1 }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
    }
}

/// What may stand in the value of a query (RFC 3986 §2.3), and how everything else does.
enum PercentEncoding {
    static func encode(_ text: String) -> String {
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            if isUnreserved(byte) {
                encoded.append(byte)
            } else {
                encoded += Array("%\(Hex.encode([byte]).uppercased())".utf8)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        ASCII.isDigit(byte) || (0x61...0x7A).contains(ASCII.lowercase(byte)) || "-._~".utf8.contains(byte)
    }
}
