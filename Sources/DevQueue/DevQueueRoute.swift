/// The paths that there are.
enum DevQueueRoute: Hashable {
    case jobs
    case bulk
    case count
    case take
    /// The acknowledgement of many.
    case successes
    case job(String)
    case success(String)
    case failure(String)
    case queues
    case health
    case version
    case reset

    init?(path: String) {
        switch path {
        case "/jobs": self = .jobs
        case "/jobs/bulk": self = .bulk
        case "/jobs/count": self = .count
        case "/jobs/take": self = .take
        case "/jobs/success": self = .successes
        case "/queues": self = .queues
        case "/health": self = .health
        case "/version": self = .version
        case "/reset": self = .reset
        default: self.init(jobPath: path)
        }
    }

    /// `/jobs/{id}` and what is below it.
    private init?(jobPath path: String) {
        guard path.hasPrefix("/jobs/") else { return nil }
        let parts = path.dropFirst("/jobs/".count).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let id = parts.first, !id.isEmpty else { return nil }
        switch parts.dropFirst() {
        case []: self = .job(id)
        case ["success"]: self = .success(id)
        case ["failure"]: self = .failure(id)
        default: return nil
        }
    }

    /// In the order of the `allow` header.
    var methods: [String] {
        switch self {
        case .jobs: ["GET", "HEAD", "POST"]
        case .bulk, .reset, .successes, .success, .failure: ["POST"]
        case .count, .take, .job, .queues, .health, .version: ["GET", "HEAD"]
        }
    }

    /// Whether the body of a POST is looked at.
    var hasBody: Bool {
        switch self {
        case .jobs, .bulk, .successes, .failure: true
        case .count, .take, .job, .success, .queues, .health, .version, .reset: false
        }
    }
}
