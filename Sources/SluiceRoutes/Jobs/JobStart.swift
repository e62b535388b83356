internal import SluiceBase
internal import SluiceYAML

/// When a job may run: `delay`, which counts from the receipt, or `ready_at`.
enum JobStart: Sendable {
    case delay(Duration)
    case renderedDelay(TextTemplate)
    /// Milliseconds since 1970.
    case readyAt(Int64)
    case renderedReadyAt(TextTemplate)

    /// A value that cannot be used, as a phrase for the dead letter.
    struct Complaint: Error {
        let message: String
    }

    /// Ten years.
    private static let delays: ClosedRange<Duration> = .zero ... .seconds(3650 * 86_400)
    /// What lies below is a time in the first three years of the epoch, and in truth a number of seconds.
    static let earliest: Int64 = 100_000_000_000
    /// The end of the year 9999.
    static let latest: Int64 = 253_402_300_799_999

    /// Reads both keys, of which one may stand.
    static func read(_ reader: MappingReader, scope: inout RouteScope) -> JobStart? {
        if reader.has("delay"), let entry = reader.entry("ready_at") {
            reader.context.error(entry.position, "a job can have either 'delay' or 'ready_at', not both")
        }
        if let node = reader.node("delay") { return delay(node, reader.context, &scope) }
        return reader.node("ready_at").flatMap { readyAt($0, reader.context, &scope) }
    }

    private static func delay(_ node: YAMLNode, _ context: FileContext, _ scope: inout RouteScope) -> JobStart? {
        if let template = reference(node, &scope) { return template.map { .renderedDelay($0) } }
        return context.duration(node, "'delay'", in: delays).map { .delay($0) }
    }

    private static func readyAt(_ node: YAMLNode, _ context: FileContext, _ scope: inout RouteScope) -> JobStart? {
        if let template = reference(node, &scope) { return template.map { .renderedReadyAt($0) } }
        return time(context, node, "'ready_at'").map { .readyAt($0) }
    }

    /// A time, or milliseconds since 1970, that stands in a file itself.
    static func time(_ context: FileContext, _ node: YAMLNode, _ subject: String) -> Int64? {
        do throws(Complaint) {
            return try milliseconds(node.scalar?.text ?? "")
        } catch {
            context.error(node.position, "\(subject) \(error.message)")
            return nil
        }
    }

    /// - Returns: `nil` for a text without references, `.some(nil)` after a problem has been noted.
    private static func reference(_ node: YAMLNode, _ scope: inout RouteScope) -> TextTemplate?? {
        guard case .text(let text)? = node.scalar?.value, TemplateParser.mayRefer(text) else { return nil }
        return .some(scope.template(text, at: node.position))
    }

    /// When the job is ready, in milliseconds since 1970.
    func milliseconds(_ context: borrowing DeliveryContext) throws(Complaint) -> Int64 {
        switch self {
        case .delay(let delay): return context.receivedAtMilliseconds + delay.wholeMilliseconds
        case .readyAt(let milliseconds): return milliseconds
        case .renderedDelay(let template):
            guard let delay = DurationText.parse(String(decoding: context.text(template), as: UTF8.self)),
                Self.delays.contains(delay)
            else {
                throw Complaint(message: "delay must be a duration from 0 to 3650d, such as 30s")
            }
            return context.receivedAtMilliseconds + delay.wholeMilliseconds
        case .renderedReadyAt(let template):
            do throws(Complaint) {
                return try Self.milliseconds(String(decoding: context.text(template), as: UTF8.self))
            } catch {
                throw Complaint(message: "ready_at \(error.message)")
            }
        }
    }

    private static func milliseconds(_ text: String) throws(Complaint) -> Int64 {
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
