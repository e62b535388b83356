package import SluiceBase

/// Explains what a table makes of requests, by the same functions that the gateway calls.
package struct Explainer: Sendable {
    /// A request's circumstances.
    package struct Arrival: Sendable {
        /// Who sends it, behind proxies that are trusted; `nil` where nobody says.
        package var sender: PeerAddress?
        /// The wall clock, since 1970.
        package var receivedAtMilliseconds: Int64
        /// What `${delivery.id}` is.
        package var deliveryID: String

        package init(sender: PeerAddress?, receivedAtMilliseconds: Int64, deliveryID: String) {
            self.sender = sender
            self.receivedAtMilliseconds = receivedAtMilliseconds
            self.deliveryID = deliveryID
        }
    }

    private let table: RouteTable
    /// So many elements of a delivery are told of.
    private let elementLimit: Int

    package init(_ table: RouteTable, elementLimit: Int = 20) {
        self.table = table
        self.elementLimit = elementLimit
    }

    /// Explains a request that somebody has made up or written down.
    ///
    /// - Parameter signs: whether one without a signature is signed with the first secret of its route.
    package func explain(_ request: RequestToSign, _ arrival: Arrival, signs: Bool) -> Explanation {
        var explanation = start(arrival)
        explanation.request.sender = arrival.sender
        let path = Array(request.target.utf8.prefix { $0 != UInt8(ascii: "?") })
        guard let route = table.match(path: path.span) else {
            request.withView { view in describe(view, in: &explanation) }
            explanation.lostPath = lostPath(path)
            return explanation
        }
        var request = request
        let sender = arrival.sender ?? route.likelySender
        explanation.request.sender = sender
        if arrival.sender == nil, route.restrictsAddresses {
            explanation.notes.append("no sender address was given; using an address that the route accepts")
        }
        let signing = signs ? sign(&request, route, arrival, &explanation) : .asItCame
        request.withView(from: sender) { view in
            run(view, route, arrival, sender: sender, signing: signing, &explanation)
        }
        return explanation
    }

    /// Explains a request that the gateway has taken and kept, without its credentials.
    ///
    /// - Parameters:
    ///   - request: its peer is unknown.
    ///   - fate: with the name of the route that it came by, which is the one to ask, as for a dead letter that is
    ///     retried.
    package func explain(taken request: borrowing RequestView, _ arrival: Arrival, _ fate: Explanation.Fate)
        -> Explanation
    {
        var explanation = start(arrival)
        explanation.fate = fate
        let own = table.routes.first { $0.name == fate.route }
        let match = table.match(path: request.path)
        guard let route = own ?? match else {
            describe(request, in: &explanation)
            explanation.lostPath = lostPath(request.path.array)
            return explanation
        }
        if own == nil {
            explanation.notes.append(
                "the route '\(fate.route)' that accepted it no longer exists; its path now leads to '\(route.name)'")
        } else if match !== route {
            let end = match.map { "leads to '\($0.name)'" } ?? "leads to no route"
            explanation.notes.append(
                "its path now \(end); this shows the route '\(route.name)' that accepted it")
        }
        run(request, route, arrival, sender: nil, signing: .asItCame, &explanation)
        return explanation
    }

    private func start(_ arrival: Arrival) -> Explanation {
        var explanation = Explanation()
        explanation.request.receivedAtMilliseconds = arrival.receivedAtMilliseconds
        explanation.request.deliveryID = arrival.deliveryID
        return explanation
    }

    private func describe(_ request: borrowing RequestView, in explanation: inout Explanation) {
        explanation.request.method = request.method.text
        explanation.request.target = request.target.text
        explanation.request.bodyBytes = request.body.count
    }
}

extension Explainer {
    private func sign(
        _ request: inout RequestToSign, _ route: Route, _ arrival: Arrival, _ explanation: inout Explanation
    ) -> Explanation.Signing {
        guard route.isVerified, !route.holdsSignature(request, withSecret: true) else { return .asItCame }
        do throws(SigningObstacle) {
            let headers = try route.sign(request, at: arrival.receivedAtMilliseconds, id: "explain")
            request.headers += headers
            explanation.request.addedHeaders = headers
            return .signedHere
        } catch {
            return .obstacle(error.message)
        }
    }

    /// - Parameter sender: `nil` for a request that the gateway has taken before.
    private func run(
        _ request: borrowing RequestView, _ route: Route, _ arrival: Arrival, sender: PeerAddress?,
        signing: Explanation.Signing,
        _ explanation: inout Explanation
    ) {
        describe(request, in: &explanation)
        explanation.route = route.found(by: request)
        explanation.checks = route.checks(request, from: sender, at: arrival.receivedAtMilliseconds)
        if let check = explanation.checks.last, let code = check.refusal {
            let reason = code == .bodyTooLarge ? "the body has more than \(route.bodyLimit)" : code.title
            return explanation.outcome = .refused(code, reason: reason)
        }
        let verification = route.verification(of: request, arrival, wasTaken: sender == nil, signing)
        explanation.verification = verification
        if verification.verdict == .refused, case .refused(let code, let reason)? = verification.account?.outcome {
            return explanation.outcome = .refused(code, reason: reason)
        }
        explanation.replyPlace = route.parts.origin.writtenPlace(of: "reply")
        explanation.rate = route.rate.map { ($0, route.parts.origin.place(of: "rate")) }
        let recorder = DeliveryRecorder(route, elementLimit: elementLimit)
        recorder.begin(request)
        var scratch = RouteScratch()
        explanation.outcome = route.process(
            request, receivedAtMilliseconds: arrival.receivedAtMilliseconds, deliveryID: arrival.deliveryID,
            share: .all,
            recorder: recorder, scratch: &scratch)
        explanation.delivery = recorder.account
    }
}

extension Explainer {
    private static let mostSuggestions = 3
    /// A table with no more routes than this is told in full.
    private static let shortTable = 10

    private func lostPath(_ path: [UInt8]) -> Explanation.LostPath {
        guard let decoded = PercentDecoding.pathDecode(path.span) else {
            return Explanation.LostPath(isUnclear: true, suggestions: [], routes: table.routes.count)
        }
        // A candidate as it would be with the parameters that were asked for, and as it is written.
        var candidates: [(text: String, path: String)] = table.routes.map { route in
            (route.parts.path.filled(from: decoded), route.path)
        }
        let wanted = String(decoding: decoded, as: UTF8.self)
        var nearest: [String] = []
        while nearest.count < Self.mostSuggestions,
            let next = Suggestion.closest(to: wanted, among: candidates.map(\.text))
        {
            nearest += candidates.filter { $0.text == next }.map(\.path)
            candidates.removeAll { $0.text == next }
        }
        if nearest.isEmpty, table.routes.count <= Self.shortTable { nearest = table.routes.map(\.path) }
        return Explanation.LostPath(isUnclear: false, suggestions: nearest, routes: table.routes.count)
    }
}

extension RoutePath {
    /// The path with what stands in another where it has parameters; as it is written where the other one has not as
    /// many segments.
    fileprivate func filled(from path: [UInt8]) -> String {
        let others = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard others.count == segments.count else { return text }
        return zip(segments, others).reduce("") { filled, pair in
            if case .literal(let own) = pair.0 { return "\(filled)/\(String(decoding: own, as: UTF8.self))" }
            return "\(filled)/\(String(decoding: pair.1, as: UTF8.self))"
        }
    }
}

extension Route {
    fileprivate func found(by request: borrowing RequestView) -> Explanation.FoundRoute {
        var parameters: [Explanation.FoundRoute.Parameter] = []
        for (index, segment) in parts.path.segments.enumerated() {
            guard case .parameter(let name) = segment else { continue }
            let value = String(decoding: PathParameters.value(at: index, of: request.path), as: UTF8.self)
            parameters.append(Explanation.FoundRoute.Parameter(name: name, value: value))
        }
        return Explanation.FoundRoute(
            name: name, path: path, place: parts.origin.place.description, parameters: parameters)
    }

    fileprivate func verification(
        of request: borrowing RequestView, _ arrival: Explainer.Arrival, wasTaken: Bool, _ signing: Explanation.Signing
    ) -> Explanation.Verification {
        let account =
            wasTaken ? nil : verificationAccount(of: request, receivedAtMilliseconds: arrival.receivedAtMilliseconds)
        let verdict: Explanation.Verdict =
            switch account?.outcome {
            case nil: .verifiedBefore
            case .notVerified: .notVerified
            case .verified: .verified
            case .refused(.signatureInvalid, _) where account?.isUnclear == true: .unknown
            case .refused: .refused
            }
        return Explanation.Verification(
            place: parts.origin.place(of: "verify"), secretsPlace: parts.origin.place(of: "secrets"),
            verdict: isVerified ? verdict : .notVerified, signing: signing, account: account)
    }
}

extension VerificationAccount {
    /// Whether a secret that is not here might match: there are signatures to compare, and they were compared.
    fileprivate var isUnclear: Bool {
        signedText != nil && matchingSecret == nil && secrets.contains(where: \.isStandIn)
    }
}
