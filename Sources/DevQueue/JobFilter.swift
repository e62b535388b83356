/// Which jobs a listing or a count is about.
struct JobFilter {
    private var tests: [@Sendable (DevQueueJob) -> Bool] = []

    var isEmpty: Bool { tests.isEmpty }

    /// - Parameters:
    ///   - parameters: texts may be lists with commas, numbers ranges; a job passes when it fits every parameter.
    ///   - others: parameters that are no filters.
    init(_ parameters: QueryParameters, allowing others: Set<String>) throws(JobRefusal) {
        for (name, value) in parameters.pairs where !others.contains(name) {
            let values = Set(value.split(separator: ",").map(String.init))
            switch name {
            case "id": tests.append { values.contains($0.id.text) }
            case "status": tests.append { values.contains($0.status.rawValue) }
            case "queue": tests.append { values.contains($0.queue) }
            case "type": tests.append { values.contains($0.type) }
            case "priority": try add(NumberRange(value, of: name)) { UInt64($0.priority) }
            case "ready_at": try add(NumberRange(value, of: name)) { $0.readyAt }
            case "attempts": try add(NumberRange(value, of: name)) { UInt64($0.attempts) }
            case "filter": throw JobRefusal(status: 400, sentence: "filter needs jq, which the development queue does not have")
            default: throw JobRefusal(status: 400, sentence: "unknown filter: \(name)")
            }
        }
    }

    private mutating func add(_ range: NumberRange, _ number: @escaping @Sendable (DevQueueJob) -> UInt64) {
        tests.append { range.numbers.contains(number($0)) }
    }

    func matches(_ job: DevQueueJob) -> Bool { tests.allSatisfy { $0(job) } }
}
