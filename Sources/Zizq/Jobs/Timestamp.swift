public import FoundationEssentials
internal import SluiceBase

/// A time in milliseconds since 1970 in UTC, as Zizq counts it.
///
/// ```swift
/// let tomorrow = Timestamp.now + .seconds(86_400)
/// let launch = Timestamp(millisecondsSinceEpoch: 1_800_000_000_000)
/// ```
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Leap seconds are not counted.
    public let millisecondsSinceEpoch: Int64

    /// Creates a time.
    public init(millisecondsSinceEpoch: Int64) { self.millisecondsSinceEpoch = millisecondsSinceEpoch }

    /// The current time of this machine's clock.
    public static var now: Timestamp { Timestamp(millisecondsSinceEpoch: SystemTime().wallMilliseconds()) }

    /// Whether one time is earlier than the other.
    public static func < (one: Timestamp, other: Timestamp) -> Bool {
        one.millisecondsSinceEpoch < other.millisecondsSinceEpoch
    }

    /// A later time, in whole milliseconds.
    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let (sum, isTooFar) = time.millisecondsSinceEpoch.addingReportingOverflow(duration.wholeMilliseconds)
        return Timestamp(millisecondsSinceEpoch: isTooFar ? (duration < .zero ? .min : .max) : sum)
    }

    /// The difference between two times.
    public static func - (one: Timestamp, other: Timestamp) -> Duration {
        .milliseconds(one.millisecondsSinceEpoch) - .milliseconds(other.millisecondsSinceEpoch)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC, with milliseconds.
    public var description: String { TimestampText.format(milliseconds: millisecondsSinceEpoch) }
}

/// Conversion from and to Foundation's type.
extension Timestamp {
    /// The time of a date, truncated to milliseconds.
    ///
    /// ```swift
    /// try await client.enqueue(Enqueue(SendEmail(to:
    /// "alice@example.com")).readyAt(Timestamp(Date(timeIntervalSinceNow: 60))))
    /// ```
    public init(_ date: Date) {
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded(.down)
        self.init(millisecondsSinceEpoch: Int64(max(-9e18, min(9e18, milliseconds))))
    }
}

extension Date {
    /// The date of a time.
    public init(_ timestamp: Timestamp) {
        self.init(timeIntervalSince1970: Double(timestamp.millisecondsSinceEpoch) / 1000)
    }
}
