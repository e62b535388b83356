internal import SluiceBase
package import SluiceOutbox

/// Something that the command line asks of an outbox or a gateway, and how it is written in a request target.
package enum ControlRequest: Sendable, Hashable {
    case status
    case jobs(JobState, after: Int64, limit: Int)
    case job(Int64)
    case deadLetters(after: Int64, limit: Int)
    case deadLetter(Int64)
    case retry(Int64)
    case reload
    case routes

    /// `POST` for what changes something.
    package var method: String {
        switch self {
        case .retry, .reload: "POST"
        case .status, .jobs, .job, .deadLetters, .deadLetter, .routes: "GET"
        }
    }

    /// Path and query.
    package var target: String {
        switch self {
        case .status: "/status"
        case .jobs(let state, let after, let limit): "/jobs?state=\(state.rawValue)&after=\(after)&limit=\(limit)"
        case .job(let id): "/jobs/\(id)"
        case .deadLetters(let after, let limit): "/dead?after=\(after)&limit=\(limit)"
        case .deadLetter(let id): "/dead/\(id)"
        case .retry(let id): "/dead/\(id)/retry"
        case .reload: "/reload"
        case .routes: "/routes"
        }
    }

    /// Reads what `method` and `target` write; nothing for anything else.
    package init?(method: String, target: String) {
        let halves = target.split(separator: "?", maxSplits: 1).map(String.init)
        let words = (halves.first ?? "").split(separator: "/").map(String.init)
        let query = Self.query(halves.count > 1 ? halves[1] : "")
        switch (method, words.count, words.first) {
        case ("GET", 1, "status"): self = .status
        case ("GET", 1, "jobs"):
            guard let state = query["state"].flatMap(JobState.init(rawValue:)) else { return nil }
            self = .jobs(state, after: Self.number(query["after"]) ?? 0, limit: Int(Self.number(query["limit"]) ?? 50))
        case ("GET", 2, "jobs"):
            guard let id = Int64(words[1]) else { return nil }
            self = .job(id)
        case ("GET", 1, "dead"):
            self = .deadLetters(after: Self.number(query["after"]) ?? 0, limit: Int(Self.number(query["limit"]) ?? 50))
        case ("GET", 2, "dead"):
            guard let id = Int64(words[1]) else { return nil }
            self = .deadLetter(id)
        case ("POST", 3, "dead"):
            guard let id = Int64(words[1]), words[2] == "retry" else { return nil }
            self = .retry(id)
        case ("POST", 1, "reload"): self = .reload
        case ("GET", 1, "routes"): self = .routes
        default: return nil
        }
    }

    /// What to do where no gateway can say which routes there are.
    static let routesOfFolder =
        "start the gateway to see the table in force, or name a folder to see what its files make: sluice routes FOLDER"

    private static func query(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1)
            if halves.count == 2 { values[String(halves[0])] = String(halves[1]) }
        }
        return values
    }

    private static func number(_ text: String?) -> Int64? { text.flatMap { Int64($0) } }
}
