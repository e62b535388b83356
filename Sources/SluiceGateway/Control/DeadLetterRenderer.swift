package import SluiceBase
internal import SluiceHTTP
internal import SluiceOutbox
internal import SluiceRoutes

/// Renders jobs from a dead letter's request with the current version of its route. The signature was verified on
/// receipt.
enum DeadLetterRenderer {
    static func render(_ content: DeadLetterContent, with table: ActiveRoutes?) -> RenderingOutcome {
        guard let request = content.request else { return .failure("its request was not kept") }
        let letter = content.letter
        guard let route = table?.table.routes.first(where: { $0.name == letter.route }) else {
            return .failure("the route '\(PrintableText.escape(letter.route))' no longer exists")
        }
        var isAtPath = true
        let outcome = KeptRequestReading.read(request) { view in
            isAtPath = RouteTable(routes: [route]).match(path: view.path) != nil
            var scratch = RouteScratch()
            let arrival = RequestArrival(
                sender: nil, isStored: true, receivedAtMilliseconds: letter.receivedAtMilliseconds,
                deliveryID: letter.deliveryID,
                share: share(of: letter, route))
            return route.handle(view, arrival, from: .body, scratch: &scratch)
        }
        guard let outcome else { return .failure("its request can no longer be read") }
        guard isAtPath || route.routePath.parameters.isEmpty else {
            return .failure(
                "the path of its request no longer matches the route's path, so its parameters are not known")
        }
        if let (code, reason) = outcome.refusal { return .failure("\(code.rawValue): \(reason)") }
        switch outcome {
        case .refused, .rateLimited, .tooLargeForThread, .needsKey: return .failure("its route does not accept it")
        case .acknowledged(_, let reason): return .failure("its route no longer creates a job from it: \(reason.words)")
        case .handshake, .learns, .call: return .failure("its route now answers it as a handshake")
        case .store(let delivery, _):
            if let letter = delivery.deadLetters.first {
                return .failure("\(letter.reason.rawValue): \(letter.detail)")
            }
            let moved = isAtPath ? nil : "the route has moved to another path; it would become \(words(delivery.jobs))"
            return (difference(of: delivery.jobs, letter, route) ?? moved).map { .changed(delivery.jobs, $0) }
                ?? .success(delivery.jobs)
        }
    }

    /// The part of the delivery that the dead letter is about. Its rule is found by its contents, because its position
    /// may have changed.
    private static func share(of letter: DeadLetterListing, _ route: Route) -> DeliveryShare {
        guard let number = letter.rule, route.takesAllRules else {
            return DeliveryShare(element: letter.element, rule: letter.rule)
        }
        return DeliveryShare(element: letter.element, rule: letter.madeBy.flatMap { route.rule(saying: $0) } ?? number)
    }

    /// The difference between the jobs and the original ones; nil if there is none.
    private static func difference(of jobs: [Job], _ letter: DeadLetterListing, _ route: Route) -> String? {
        let would = words(jobs)
        guard let earlier = letter.madeBy else {
            guard letter.lacksRule else { return nil }
            return "the version that stored it did not record its rule; it would become \(would)"
        }
        let rules = Set(jobs.compactMap(\.rule)).sorted()
        guard let other = rules.first(where: { route.identity(ofRule: $0)?.digest != earlier.digest }) else {
            return changedNames(earlier, rules.first.flatMap { route.identity(ofRule: $0) }).map {
                "it would become \(would): \($0)"
            }
        }
        let what =
            route.rule(saying: earlier) == nil
            ? "its rule or its route was changed" : "another rule, rule \(other + 1), now matches it"
        let names = changedNames(earlier, route.identity(ofRule: other)).map { " (\($0))" } ?? ""
        return "\(what); it would become \(would)\(names)"
    }

    /// Kind, type and queue if they differ; a kind's queue may change while the rule stays the same.
    private static func changedNames(_ earlier: RuleIdentity, _ now: RuleIdentity?) -> String? {
        let differences = now?.differences(from: earlier) ?? []
        return differences.isEmpty ? nil : differences.joined(separator: ", ")
    }

    private static func words(_ jobs: [Job]) -> String {
        guard jobs.count == 1 else { return "\(jobs.count) jobs" }
        return "a job of type \(words(jobs[0].type)) in queue \(words(jobs[0].queue))"
    }

    private static func words(_ name: String) -> String { PrintableText.escape(name, limit: 120) }
}

/// Reads the bytes of a kept request, which passed all limits on receipt.
package enum KeptRequestReading {
    /// Passes the request to `body`, valid during the call.
    ///
    /// - Parameter sender: the sender's address, if it is known.
    /// - Returns: `nil` for bytes that are not a request.
    package static func read<Result>(
        _ bytes: [UInt8], from sender: PeerAddress = .unknown, _ use: (borrowing RequestView) -> Result
    ) -> Result? {
        var parser = RequestParser(limits: .unlimited)
        let bytes = bytes.span
        guard case .head(let head) = parser.parse(bytes) else { return nil }
        return use(head.view(over: bytes, body: bytes.extracting(head.length..<bytes.count), peer: sender))
    }
}

extension HTTPLimits {
    /// Limits for requests that have already passed the configured ones.
    fileprivate static var unlimited: HTTPLimits {
        var limits = HTTPLimits()
        // Well below the largest integer, because the parser adds to them.
        limits.headBytes = 1 << 40
        limits.headerLines = 1 << 40
        limits.targetBytes = 1 << 40
        return limits
    }
}
