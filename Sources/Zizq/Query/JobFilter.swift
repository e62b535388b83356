internal import SluiceBase

/// A range of a number with both bounds included: `10...20`, `10...`, `...20`.
///
/// ```swift
/// let urgent = JobFilter().priority(...100)
/// ```
public protocol FilterBounds<Bound> {
    /// The type of the bounds.
    associatedtype Bound: Comparable
    /// The bounds; `nil` for none.
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

/// The jobs of a count or a list: those that match every condition that is set.
///
/// ```swift
/// let filter = JobFilter().queues(["emails"]).statuses([.ready, .scheduled]).attempts(1...)
/// let failedBefore = try await client.count(filter)
/// ```
///
/// Each method returns a copy. An empty list matches no job.
public struct JobFilter: Sendable, Hashable {
    private var parameters: [String: String] = [:]
    /// The error for a name that contains a comma, which would separate two names.
    private(set) var complaint: ZizqError?
    /// Whether a list is empty, so that no request is needed.
    private(set) var fitsNothing = false

    /// Matches all jobs.
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

    /// Matches jobs with one of these identifiers.
    ///
    /// ```swift
    /// let filter = JobFilter().ids(["03hafxki710pxbxgtmvmxkl9v"])
    /// ```
    public func ids(_ ids: [String]) -> JobFilter { setting("id", list: ids) }

    /// Matches jobs with one of these statuses.
    ///
    /// ```swift
    /// let filter = JobFilter().statuses([.ready, .scheduled])
    /// ```
    public func statuses(_ statuses: [JobStatus]) -> JobFilter { setting("status", list: statuses.map(\.rawValue)) }

    /// Matches jobs in one of these queues.
    ///
    /// ```swift
    /// let filter = JobFilter().queues(["emails", "default"])
    /// ```
    public func queues(_ names: [String]) -> JobFilter { setting("queue", list: names) }

    /// Matches jobs of one of these kinds.
    ///
    /// ```swift
    /// let filter = JobFilter().types([SendEmail.name])
    /// ```
    public func types(_ names: [String]) -> JobFilter { setting("type", list: names) }

    /// Matches jobs with this priority.
    ///
    /// ```swift
    /// let filter = JobFilter().priority(100)
    /// ```
    public func priority(_ priority: UInt16) -> JobFilter { setting("priority", String(priority)) }

    /// Matches jobs with a priority in this range. Servers from 0.5 on.
    ///
    /// ```swift
    /// let filter = JobFilter().priority(10...100)
    /// ```
    public func priority(_ bounds: some FilterBounds<UInt16>) -> JobFilter {
        setting("priority", bounds) { String($0) }
    }

    /// Matches jobs that may run from exactly this time on.
    ///
    /// ```swift
    /// let filter = JobFilter().readyAt(job.readyAt)
    /// ```
    public func readyAt(_ time: Timestamp) -> JobFilter { setting("ready_at", String(time.millisecondsSinceEpoch)) }

    /// Matches jobs that may run from a time in this range on. Servers from 0.5 on.
    ///
    /// ```swift
    /// let overdue = JobFilter().statuses([.ready]).readyAt(...(Timestamp.now + .seconds(-60)))
    /// ```
    public func readyAt(_ bounds: some FilterBounds<Timestamp>) -> JobFilter {
        setting("ready_at", bounds) { String($0.millisecondsSinceEpoch) }
    }

    /// Matches jobs with this number of failed attempts.
    ///
    /// ```swift
    /// let filter = JobFilter().attempts(0)
    /// ```
    public func attempts(_ count: UInt32) -> JobFilter { setting("attempts", String(count)) }

    /// Matches jobs with a number of failed attempts in this range. Servers from 0.5 on.
    ///
    /// ```swift
    /// let filter = JobFilter().attempts(3...)
    /// ```
    public func attempts(_ bounds: some FilterBounds<UInt32>) -> JobFilter {
        setting("attempts", bounds) { String($0) }
    }

    /// Matches jobs for whose payload a jq expression is true, such as `.to == "alice@example.com"`.
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

/// The characters that a query value may contain (RFC 3986 §2.3), and the encoding of all others.
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
