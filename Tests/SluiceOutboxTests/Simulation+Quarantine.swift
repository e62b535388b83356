import SluiceBase

@testable import SluiceOutbox

/// Requests in the quarantine, and secrets that routes learn.
extension Simulation {
    /// What is known of a request for which there was a place.
    struct Quarantined {
        enum State {
            case kept
            /// Expired, dropped, verified, or not kept, which its sender's figures count.
            case gone
        }

        let place: QuarantineCharge
        /// True time, and whether the wall clock was behind it: such a request expires early.
        let at: Int64
        let wasBehind: Bool
        /// More than one where an operation failed and a crash will tell.
        var states: Set<State>
        /// The delivery that was made of it.
        var delivery: Int?
    }

    static let quarantineLimits = {
        var limits = QuarantineLimits()
        (limits.maxRequests, limits.maxPerAddress, limits.maxBytes) = (12, 5, ByteCount(bytes: 12_000))
        limits.keep = .seconds(1800)
        return limits
    }()
    static let quarantineBytes = 16_000
    static let secretsKept = 3

    func quarantine() throws {
        switch pick(10) {
        case 0..<5: keepRequests()
        case 5..<8: verifyRequest()
        case 8: dropRequest()
        default: try chance(80) ? learn() : forgetSecrets()
        }
    }

    /// Requests with a wrong signature come. Each is kept, or refused because there is no place for it.
    private func keepRequests() {
        var batch: [(number: Int, request: QuarantinedRequest)] = []
        for _ in 0...pick(5) {
            let request = forgedRequest()
            let place = QuarantineCharge(request)
            let hasPlace = store.quarantine.reserve(place, limits: Self.quarantineLimits) == nil
            if !isFaulty, hasPlace != isPlace(for: place, besides: batch.map { QuarantineCharge($0.request) }) {
                violate("request \(nextForged) is \(hasPlace ? "kept" : "refused") by the limits")
            }
            if hasPlace { batch.append((nextForged, request)) }
            nextForged += 1
        }
        let isKept = store.keepQuarantined(batch.map(\.request))
        for (number, request) in batch {
            // After a sync that failed a request may be there after a crash.
            quarantined[number] = Quarantined(
                place: QuarantineCharge(request), at: now, wasBehind: clockOffset < 0,
                states: isKept ? [.kept] : isFaulty ? [.kept, .gone] : [.gone])
            if !isKept, !isFaulty, store.status.condition == .storing, !isFull {
                violate("request \(number) had a place and is not kept")
            }
        }
    }

    private var isFull: Bool { store.refusal() != nil }

    private func isPlace(for place: QuarantineCharge, besides others: [QuarantineCharge]) -> Bool {
        func bytes(_ places: [QuarantineCharge]) -> Int {
            places.reduce(QuarantinedRequest.byteCost(place.bytes)) { $0 + QuarantinedRequest.byteCost($1.bytes) }
        }
        let all = others + quarantined.values.filter { $0.states == [.kept] }.map(\.place)
        let ofRoute = all.filter { $0.route == place.route }
        let limits = Self.quarantineLimits
        return ofRoute.count < limits.maxRequests && bytes(ofRoute) <= limits.maxBytes.bytes
            && ofRoute.count { $0.sender == place.sender } < limits.maxPerAddress
            && bytes(all) <= Self.quarantineBytes
    }

    private func forgedRequest() -> QuarantinedRequest {
        let wall = fixture.time.wallMilliseconds()
        return QuarantinedRequest(
            route: "route-\(pick(2))", receivedAtMilliseconds: wall,
            expiresAtMilliseconds: wall + Self.quarantineLimits.keep.wholeMilliseconds,
            sender: PeerAddress(ipv4: (192, 0, 2, UInt8(pick(6))), port: 0), reason: "forged-\(nextForged)",
            bytes: [UInt8](repeating: 7, count: 100 + pick(900)))
    }

    /// The rows that the file has: their numbers and ids.
    private func keptRequests() throws -> [Int: Int64] {
        let rows = try store.queries.quarantined(QuarantineRange(), limit: 500)
        let pairs = rows.map { (Self.number(of: $0.reason), $0.id) }
        if Set(pairs.map(\.0)).count < pairs.count { violate("a request is in the quarantine twice") }
        return Dictionary(pairs) { first, _ in first }
    }

    /// A route has a secret that matches a request. Without a key nothing else keeps a second job from being made.
    private func verifyRequest() {
        guard let (number, id) = try? keptRequests().sorted(by: { $0.key < $1.key }).randomElement(using: &random)
        else { return }
        let delivery = next
        next += 1
        let key = chance(50) ? delivery : nil
        let submission = sample(
            delivery, key: key, hasKey: key != nil, at: fixture.time, window: .seconds(600),
            jobs: delivery % 4 == 0 ? 0 : 1, queue: "queue-\(delivery % 3)")
        quarantined[number]?.delivery = delivery
        do {
            switch try store.commitQuarantined(id, submission) {
            case .stored:
                accept(delivery, key, key ?? delivery, 600_000)
                quarantined[number]?.states = [.gone]
                if (try? store.commitQuarantined(id, submission)) != nil {
                    violate("request \(number) is verified twice")
                }
            case .refused(.commitFailed):
                isUncertain = true
                quarantined[number]?.states.insert(.gone)
            case .refused: break
            case .duplicate: violate("the request \(number) is a duplicate")
            }
        } catch {
            if case OutboxError.notFound = error { violate("the listed request \(number) cannot be verified") }
            isUncertain = true
            quarantined[number]?.states.insert(.gone)
        }
    }

    private func dropRequest() {
        guard let (number, id) = try? keptRequests().sorted(by: { $0.key < $1.key }).randomElement(using: &random)
        else { return }
        let dropped = try? store.dropQuarantined(QuarantineRange(ids: id...id)).dropped
        if dropped == 1 {
            quarantined[number]?.states = [.gone]
        } else {
            quarantined[number]?.states.insert(.gone)
        }
    }

    // MARK: Secrets

    private func learn() throws {
        let route = "route-\(pick(2))"
        let known = secrets[route] ?? []
        // Sometimes one that is known.
        let secret = chance(20) ? known.first?.last ?? pick(1000) : pick(1000)
        let after = known.map { ([secret] + $0.filter { $0 != secret }).prefix(Self.secretsKept) }.map(Array.init)
        change(secretsOf: route, to: known.isEmpty ? [[secret]] : after) {
            _ = try store.learn(Self.bytes(secret), of: route, keeping: Self.secretsKept)
        }
    }

    private func forgetSecrets() {
        let route = "route-\(pick(2))"
        change(secretsOf: route, to: [[]]) { _ = try store.forgetLearntSecrets(of: route) }
    }

    private func change(secretsOf route: String, to after: [[Int]], _ body: () throws -> Void) {
        do {
            try body()
            secrets[route] = after
        } catch {
            secrets[route] = (secrets[route] ?? [[]]) + after
        }
    }

    static func bytes(_ secret: Int) -> [UInt8] { Array("secret-\(secret)".utf8) }

    // MARK: What must hold

    func checkQuarantine() throws {
        let rows = try keptRequests()
        for (number, request) in quarantined {
            let found: Quarantined.State = rows[number] == nil ? .gone : .kept
            let mayBeOver = request.wasBehind || now >= request.at + Self.quarantineLimits.keep.wholeMilliseconds
            if !request.states.contains(found), found == .kept || !mayBeOver {
                violate("request \(number) is \(found), and should be \(request.states)")
            }
            // Either the request is there or its delivery.
            if let delivery = request.delivery, accepted[delivery] != nil, found == .kept {
                violate("request \(number) is still there, and delivery \(delivery) as well")
            }
            quarantined[number]?.states = [found]
        }
        if !rows.keys.allSatisfy({ quarantined[$0] != nil }) { violate("requests without a place are kept") }
        try checkBounds()
        let learnt = try store.learntSecrets()
        for (route, possible) in secrets {
            let found = learnt[route] ?? []
            guard let state = possible.first(where: { $0.map(Self.bytes) == found }) else {
                violate("\(route) has \(found.count) secrets, and should have one of \(possible)")
                continue
            }
            secrets[route] = [state]
        }
    }

    private func checkBounds() throws {
        let limits = Self.quarantineLimits
        let bounds: [(group: String, limit: (requests: Int, bytes: Int))] = [
            ("", (requests: Int.max, bytes: Self.quarantineBytes)),
            ("GROUP BY route", (limits.maxRequests, limits.maxBytes.bytes)),
            ("GROUP BY route, sender", (limits.maxPerAddress, Int.max)),
        ]
        for (group, limit) in bounds {
            let sql = "SELECT count(*), ifnull(sum(bytes + 512), 0) FROM quarantine \(group) ORDER BY 1 DESC LIMIT 1"
            let most = try store.session.connection.prepare(sql)
            defer { most.reset() }
            guard try most.step() else { continue }
            if most.int64(0) > limit.requests { violate("\(most.int64(0)) requests are kept \(group)") }
            if group != "GROUP BY route, sender", most.int64(1) > limit.bytes {
                violate("\(most.int64(1)) bytes of requests are kept \(group)")
            }
        }
        let (sum, count) = (store.quarantine.sum.requests, try store.number("SELECT count(*) FROM quarantine"))
        if Int64(sum) != count { violate("\(sum) requests are said to be kept, \(count) are") }
    }
}
