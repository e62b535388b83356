public import FoundationEssentials

/// To and from Foundation's type.
extension Timestamp {
    /// The moment of a date, cut to whole milliseconds.
    ///
    /// ```swift
    /// try await client.enqueue(Enqueue(SendEmail(to: "alice@example.com")).readyAt(Timestamp(Date(timeIntervalSinceNow: 60))))
    /// ```
    public init(_ date: Date) {
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded(.down)
        self.init(millisecondsSinceEpoch: Int64(max(-9e18, min(9e18, milliseconds))))
    }
}

extension Date {
    /// The date of a moment.
    public init(_ timestamp: Timestamp) { self.init(timeIntervalSince1970: Double(timestamp.millisecondsSinceEpoch) / 1000) }
}
