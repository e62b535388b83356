internal import SluiceBase

/// When a job may run: `delay`, which counts from the receipt, or `ready_at`.
package enum JobStart: Sendable {
    case delay(Duration)
    case renderedDelay(TextTemplate)
    /// Milliseconds since 1970.
    case readyAt(Int64)
    case renderedReadyAt(TextTemplate)

    /// A value that cannot be used, as a phrase for the dead letter.
    package struct Complaint: Error {
        package let message: String
    }

    /// Ten years.
    package static let delays: ClosedRange<Duration> = .zero ... .seconds(3650 * 86_400)
    /// What lies below is a time in the first three years of the epoch, and in truth a number of seconds.
    package static let earliest: Int64 = 100_000_000_000
    /// The end of the year 9999.
    package static let latest: Int64 = 253_402_300_799_999

    package static func milliseconds(_ text: String) throws(Complaint) -> Int64 {
        if let number = Int64(text) {
            guard number >= earliest else {
                throw Complaint(
                    message: "must be milliseconds since 1970; to convert seconds, append 000")
            }
            if number <= latest { return number }
        } else if let time = TimestampText.parse(text), (0...latest).contains(time) {
            return time
        }
        throw Complaint(message: "must be a time such as 2026-11-25T08:00:00Z, or a number of milliseconds since 1970")
    }
}
