/// The paths that there are.
enum DevQueueRoute: Hashable {
    case jobs
    case bulk
    case count
    case job(String)
    case queues
    case health
    case version
    case reset

    init?(path: String) {
        switch path {
        case "/jobs": self = .jobs
        case "/jobs/bulk": self = .bulk
        case "/jobs/count": self = .count
        case "/queues": self = .queues
        case "/health": self = .health
        case "/version": self = .version
        case "/reset": self = .reset
        default:
            guard path.hasPrefix("/jobs/") else { return nil }
            let id = path.dropFirst("/jobs/".count)
            guard !id.isEmpty, !id.contains("/") else { return nil }
            self = .job(String(id))
        }
    }

    /// In the order of the `allow` header.
    var methods: [String] {
        switch self {
        case .jobs: ["GET", "HEAD", "POST"]
        case .bulk, .reset: ["POST"]
        case .count, .job, .queues, .health, .version: ["GET", "HEAD"]
        }
    }
}
