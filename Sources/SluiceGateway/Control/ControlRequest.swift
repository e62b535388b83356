package import SluiceBase
package import SluiceOutbox

/// A request of the command line to an outbox or a gateway, and its encoding as a request target.
package enum ControlRequest: Sendable, Hashable {
    case status
    case jobs(JobState, after: Int64, limit: Int)
    case job(Int64)
    case deadLetters(after: Int64, limit: Int)
    case deadLetter(Int64)
    /// A dead letter with everything that another outbox needs.
    case exportDeadLetter(Int64)
    /// An exported dead letter: the line.
    case importDeadLetter([UInt8])
    /// - `acceptsChanges`: whether to send it even if its route now creates a different job from it.
    case retry(Int64, acceptsChanges: Bool)
    case discard(Int64, forgetsKey: Bool)
    case bury(Int64)
    case forgetDelivery(String)
    /// By hashes, one of which is the key's.
    ///
    /// - `job`: the `unique_key` that a job of the delivery must have; nil for no condition.
    case forgetKey([Fingerprint], job: String? = nil)
    /// A delivery with its request, by the id in its answer.
    case delivery(String)
    /// The number and size of the delivered jobs that a replay would send.
    case replayFigures(ReplayRange)
    /// Sends some of them again: the first ones of the range.
    case replay(ReplayRange)
    case quarantine(QuarantineRange, limit: Int)
    /// Verifies a quarantined request with the current routes.
    case verifyQuarantined(Int64)
    /// Removes quarantined requests permanently: the first ones of the range.
    case dropQuarantined(QuarantineRange)
    /// Copies the outbox to a new file.
    ///
    /// - `folder`: `BackupFile.folderIdentity` as the operator sees it.
    case backup(path: String, folder: String)
    case reload
    case routes
    /// Lets the route of this name learn a secret.
    case armRoute(String)
    /// The secrets that the route of this name has learnt.
    case learntSecrets(String)
    case forgetLearntSecrets(String)

    /// `POST` for requests that change something.
    package var method: String {
        switch self {
        case .retry, .discard, .bury, .forgetDelivery, .forgetKey, .reload, .armRoute,
            .forgetLearntSecrets, .backup, .importDeadLetter, .replay, .verifyQuarantined, .dropQuarantined:
            "POST"
        case .status, .jobs, .job, .deadLetters, .deadLetter, .exportDeadLetter, .delivery, .replayFigures, .routes,
            .learntSecrets, .quarantine:
            "GET"
        }
    }

    /// Whether only a running gateway can answer.
    var needsGateway: Bool {
        switch self {
        case .reload, .routes, .armRoute, .verifyQuarantined: true
        default: false
        }
    }

    /// How long the command line waits for the answer. Copying a large outbox takes a while, as do many transactions.
    var timeout: Duration {
        switch self {
        case .backup, .replay: .seconds(86_400)
        default: .seconds(60)
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
        case .exportDeadLetter(let id): "/dead/\(id)/export"
        case .importDeadLetter: Self.importTarget
        case .retry(let id, let acceptsChanges): "/dead/\(id)/retry?changed=\(acceptsChanges)"
        case .discard(let id, let forgetsKey): "/dead/\(id)/discard?forget_key=\(forgetsKey)"
        case .bury(let id): "/jobs/\(id)/bury"
        case .forgetDelivery(let id): "/deliveries/\(id)/forget"
        case .forgetKey(let hashes, let job):
            "/keys/\(hashes.map(\.description).joined(separator: "-"))/forget"
                + (job.map { "?job=\(Self.written($0))" } ?? "")
        case .delivery(let id): "/deliveries/\(id)"
        case .replayFigures(let range), .replay(let range): "/delivered?\(Self.written(range))"
        case .quarantine(let range, let limit): "/quarantine?limit=\(limit)&\(Self.written(range))"
        case .verifyQuarantined(let id): "/quarantine/\(id)/verify"
        case .dropQuarantined(let range): "/quarantine?\(Self.written(range))"
        case .backup(let path, let folder): "/files/\(Self.written(path))/backup?folder=\(folder)"
        case .reload: "/reload"
        case .routes: "/routes"
        case .armRoute(let name): "/secrets/\(Self.written(name))/arm"
        case .learntSecrets(let name): "/secrets/\(Self.written(name))"
        case .forgetLearntSecrets(let name): "/secrets/\(Self.written(name))/forget"
        }
    }

    private static func written(_ range: ReplayRange) -> String {
        "since=\(range.delivered.lowerBound)&until=\(range.delivered.upperBound)&from=\(range.ids.lowerBound)"
            + "&through=\(range.ids.upperBound)" + (range.route.map { "&route=\(written($0))" } ?? "")
    }

    private static func written(_ range: QuarantineRange) -> String {
        "from=\(range.ids.lowerBound)&through=\(range.ids.upperBound)"
            + (range.route.map { "&route=\(written($0))" } ?? "")
    }

    private static func range(_ query: [String: String]) -> ReplayRange? {
        guard let since = number(query["since"]), let until = number(query["until"]), since <= until,
            let rest = quarantineRange(query)
        else { return nil }
        return ReplayRange(delivered: since...until, route: rest.route, ids: rest.ids)
    }

    private static func quarantineRange(_ query: [String: String]) -> QuarantineRange? {
        guard let from = number(query["from"]), let through = number(query["through"]), from <= through else {
            return nil
        }
        let route = query["route"].map { name($0) }
        if case .some(nil) = route { return nil }
        return QuarantineRange(route: route ?? nil, ids: from...through)
    }

    /// The maximum size of an answer or a body, in bytes: a request of the largest `body_limit` in base64.
    static let largestDocument = 160 << 20

    /// The only target with a body.
    static let importTarget = "/dead/import"

    /// The body to send.
    package var body: [UInt8] {
        if case .importDeadLetter(let line) = self { line } else { [] }
    }

    /// The name of a route as a segment of a path: its bytes in hex.
    private static func written(_ name: String) -> String { Hex.encode(Array(name.utf8)) }

    private static func name(_ word: String) -> String? {
        Hex.decode(Array(word.utf8).span).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Reads what `method`, `target` and `body` encode; nil for anything else.
    package init?(method: String, target: String, body: [UInt8] = []) {
        let halves = target.split(separator: "?", maxSplits: 1).map(String.init)
        let words = (halves.first ?? "").split(separator: "/").map(String.init)
        guard let query = Self.query(halves.count > 1 ? halves[1] : "") else { return nil }
        let request: ControlRequest? =
            switch (method, words.count, words.first) {
            case ("POST", 2, "dead") where target == Self.importTarget: .importDeadLetter(body)
            case ("POST", 3, _): Self.change(words, query)
            case ("GET", 1, let first?): Self.list(first, query)
            case ("GET", 2, let first?): Self.lookUp(words[1], in: first)
            case ("GET", 3, "dead"): words[2] == "export" ? Int64(words[1]).map { .exportDeadLetter($0) } : nil
            case ("POST", 1, "delivered"): Self.range(query).map { .replay($0) }
            case ("POST", 1, "quarantine"): Self.quarantineRange(query).map { .dropQuarantined($0) }
            case ("POST", 1, "reload"): .reload
            default: nil
            }
        guard let request else { return nil }
        self = request
    }

    private static func list(_ what: String, _ query: [String: String]) -> ControlRequest? {
        let (after, limit) = (number(query["after"]) ?? 0, Int(number(query["limit"]) ?? 50))
        return switch what {
        case "status": .status
        case "jobs": query["state"].flatMap(JobState.init(rawValue:)).map { .jobs($0, after: after, limit: limit) }
        case "dead": .deadLetters(after: after, limit: limit)
        case "delivered": range(query).map { .replayFigures($0) }
        case "quarantine": quarantineRange(query).map { .quarantine($0, limit: limit) }
        case "routes": .routes
        default: nil
        }
    }

    private static func lookUp(_ word: String, in what: String) -> ControlRequest? {
        switch what {
        case "jobs": Int64(word).map { .job($0) }
        case "dead": Int64(word).map { .deadLetter($0) }
        case "deliveries": isDeliveryID(word) ? .delivery(word) : nil
        case "secrets": name(word).map { .learntSecrets($0) }
        default: nil
        }
    }

    private static func change(_ words: [String], _ query: [String: String]) -> ControlRequest? {
        switch (words[0], words[2]) {
        case ("dead", "retry"): Int64(words[1]).map { .retry($0, acceptsChanges: query["changed"] == "true") }
        case ("dead", "discard"): Int64(words[1]).map { .discard($0, forgetsKey: query["forget_key"] == "true") }
        case ("jobs", "bury"): Int64(words[1]).map { .bury($0) }
        case ("deliveries", "forget"): isDeliveryID(words[1]) ? .forgetDelivery(words[1]) : nil
        case ("files", "backup"):
            name(words[1]).flatMap { path in query["folder"].map { .backup(path: path, folder: $0) } }
        case ("quarantine", "verify"): Int64(words[1]).map { .verifyQuarantined($0) }
        case ("secrets", "arm"): name(words[1]).map { .armRoute($0) }
        case ("secrets", "forget"): name(words[1]).map { .forgetLearntSecrets($0) }
        case ("keys", "forget"): forgetKey(words[1], job: query["job"])
        default: nil
        }
    }

    private static func forgetKey(_ word: String, job: String?) -> ControlRequest? {
        let text = job.flatMap { name($0) }
        return (text == nil) == (job == nil) ? hashes(word).map { .forgetKey($0, job: text) } : nil
    }

    private static func hashes(_ text: String) -> [Fingerprint]? {
        let words = text.split(separator: "-", omittingEmptySubsequences: false)
        let hashes = words.compactMap { word in
            Hex.decode(Array(word.utf8).span).flatMap { $0.count == Fingerprint.byteCount ? Fingerprint($0.span) : nil }
        }
        return hashes.count == words.count ? hashes : nil
    }

    /// Whether a text can be a delivery's id: 1 to 64 letters and digits, which are safe in a path.
    package static func isDeliveryID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { ASCII.isDigit($0) || ASCII.lowercase($0) &- 0x61 < 26 }
    }

    /// The message if the requested row does not exist.
    ///
    /// - Parameter outbox: its path.
    func notFound(in outbox: String) -> String {
        switch self {
        case .delivery(let id), .forgetDelivery(let id): "no delivery \(id) in \(outbox); it may have expired"
        default: "nothing with this number in \(outbox)"
        }
    }

    /// The advice if no gateway runs that could list its routes.
    static let routesOfFolder =
        "start the gateway to see its route table, or name a folder to see the table of its files: sluice routes FOLDER"

    /// - Returns: `nil` for anything but pairs: a request without a limit, such as a route, applies to more.
    private static func query(_ text: String) -> [String: String]? {
        var values: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, values.updateValue(String(halves[1]), forKey: String(halves[0])) == nil else {
                return nil
            }
        }
        return values
    }

    private static func number(_ text: String?) -> Int64? { text.flatMap { Int64($0) } }
}
