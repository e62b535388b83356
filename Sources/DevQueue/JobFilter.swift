/// Which jobs a listing or a count is about.
struct JobFilter {
    private var tests: [@Sendable (DevQueueJob) -> Bool] = []

    var isEmpty: Bool { tests.isEmpty }

    /// - Parameters:
    ///   - parameters: each value may be a list with commas; a job passes when it fits every parameter.
    ///   - others: parameters that are no filters.
    init(_ parameters: QueryParameters, allowing others: Set<String>) throws(JobRefusal) {
        for (name, value) in parameters.pairs where !others.contains(name) {
            let values = Set(value.split(separator: ",").map(String.init))
            switch name {
            case "id": tests.append { values.contains($0.id.text) }
            case "status": tests.append { values.contains($0.status.rawValue) }
            case "queue": tests.append { values.contains($0.queue) }
            case "type": tests.append { values.contains($0.type) }
            case "priority": tests.append { values.contains(String($0.priority)) }
            case "ready_at": tests.append { values.contains(String($0.readyAt)) }
            case "attempts": tests.append { _ in values.contains("0") }
            case "filter": throw JobRefusal(status: 400, sentence: "filter needs jq, which the development queue does not have")
            default: throw JobRefusal(status: 400, sentence: "unknown filter: \(name)")
            }
        }
    }

    func matches(_ job: DevQueueJob) -> Bool { tests.allSatisfy { $0(job) } }
}
