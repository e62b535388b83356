internal import SluiceBase

/// The fields of a job object that are known.
enum JobField: String, CaseIterable {
    case type
    case queue
    case payload
    case priority
    case readyAt = "ready_at"
    case retryLimit = "retry_limit"
    case backoff
    case retention
    case uniqueKey = "unique_key"
    case uniqueWhile = "unique_while"
    case batch

    /// In the order in which their absence is noticed.
    static let required: [JobField] = [.type, .queue, .payload]

    init?(_ key: Span<UInt8>) {
        switch key.count {
        case 4 where key.equals("type"): self = .type
        case 5 where key.equals("queue"): self = .queue
        case 5 where key.equals("batch"): self = .batch
        case 7 where key.equals("payload"): self = .payload
        case 7 where key.equals("backoff"): self = .backoff
        case 8 where key.equals("priority"): self = .priority
        case 8 where key.equals("ready_at"): self = .readyAt
        case 9 where key.equals("retention"): self = .retention
        case 10 where key.equals("unique_key"): self = .uniqueKey
        case 11 where key.equals("retry_limit"): self = .retryLimit
        case 12 where key.equals("unique_while"): self = .uniqueWhile
        default: return nil
        }
    }
}

/// A set of fields in one machine word.
struct JobFieldSet: OptionSet {
    let rawValue: UInt16
}

extension JobField {
    /// The set of this field alone.
    var asSet: JobFieldSet {
        let position: UInt16 =
            switch self {
            case .type: 0
            case .queue: 1
            case .payload: 2
            case .priority: 3
            case .readyAt: 4
            case .retryLimit: 5
            case .backoff: 6
            case .retention: 7
            case .uniqueKey: 8
            case .uniqueWhile: 9
            case .batch: 10
            }
        return JobFieldSet(rawValue: 1 << position)
    }
}
