package import SluiceBase
package import SluiceRouteFiles
package import SluiceRoutes

/// Explains how loaded routes handle requests, with the functions of the gateway.
package struct Explainer: Sendable {
    private let table: RouteTable
    private let details: [RouteDetails]
    /// The maximum number of elements of a delivery that are explained.
    private let elementLimit: Int

    /// - Returns: `nil` for a compilation with problems.
    package init?(_ compilation: RouteCompilation, elementLimit: Int = 20) {
        guard let table = compilation.table else { return nil }
        self.table = table
        details = compilation.details
        self.elementLimit = elementLimit
    }

    /// Explains a request that an operator describes.
    ///
    /// - Parameters:
    ///   - arrival: without a sender if none is given.
    ///   - signs: whether a request without a signature is signed with the first secret of its route.
    package func explain(_ request: RequestToSign, _ arrival: RequestArrival, signs: Bool) -> Explanation {
        let path = Array(request.target.utf8.prefix { $0 != UInt8(ascii: "?") })
        guard let route = table.match(path: path.span) else {
            return request.withView { noRoute(for: $0, arrival, note: nil) }
        }
        var request = request
        var arrival = arrival
        var note: String?
        if arrival.sender == nil {
            if route.restrictsAddresses { note = "no sender is given: assuming an address that the route accepts" }
            arrival.sender = route.likelySender
        }
        let isHandshake = request.withView(from: arrival.sender ?? .unknown) { route.isHandshake(byHead: $0, arrival) }
        let signing = signs && !isHandshake ? sign(&request, route, arrival: arrival) : nil
        return request.withView(from: arrival.sender ?? .unknown) { view in
            run(view, route, arrival: arrival, note: note, signing: signing, deliveryState: nil)
        }
    }

    /// Explains a request that the gateway has accepted and stored without its credentials.
    ///
    /// - Parameter deliveryState: contains the name of its route, which is used as for a retried dead letter.
    package func explain(
        stored request: borrowing RequestView, _ arrival: RequestArrival, _ deliveryState: Explanation.DeliveryState
    ) -> Explanation {
        let own = table.routes.first { $0.name == deliveryState.route }
        let match = table.match(path: request.path)
        guard let route = own ?? match else {
            return noRoute(for: request, arrival, note: nil, deliveryState: deliveryState)
        }
        var note: String?
        if own == nil {
            note =
                "the route '\(deliveryState.route)' that accepted it no longer exists; "
                + "its path now leads to '\(route.name)'"
        } else if match !== route {
            let end = match.map { "leads to '\($0.name)'" } ?? "leads to no route"
            note = "its path now \(end); this shows the route '\(route.name)' that accepted it"
        }
        return run(request, route, arrival: arrival, note: note, signing: nil, deliveryState: deliveryState)
    }

    /// - Returns: a detail about the signature; `nil` for a request that has one or needs none.
    private func sign(_ request: inout RequestToSign, _ route: Route, arrival: RequestArrival) -> TraceStep? {
        guard route.isVerified, !route.holdsSignature(request, withSecret: true) else { return nil }
        do throws(SigningError) {
            let signed = try route.sign(request, at: arrival.receivedAtMilliseconds, id: "explain")
            var added = signed.headers.dropFirst(request.headers.count).map { PrintableText.escape($0.name) }
            if signed.target != request.target { added.append("query parameters") }
            if signed.body != request.body { added.append("fields of the body") }
            request = signed
            return TraceStep("", "it had no signature and was signed here; added: \(added.joined(separator: ", "))")
        } catch {
            return TraceStep("", "it could not be signed here: \(PrintableText.escape(error.message))")
        }
    }

    private func run(
        _ request: borrowing RequestView, _ route: Route, arrival: RequestArrival, note: String?,
        signing: TraceStep?, deliveryState: Explanation.DeliveryState?
    ) -> Explanation {
        let source = details[route.index].source
        var explanation = Explanation(deliveryID: arrival.deliveryID)
        explanation.steps = [
            requestStep(request, arrival, note: note, deliveryState: deliveryState),
            routeStep(request, route, details: details[route.index]),
        ]
        var trace = RecordedTrace(source, elementLimit: elementLimit)
        var scratch = RouteScratch()
        explanation.outcome = route.handle(request, arrival, from: .head, trace: &trace, scratch: &scratch)
        if let signing { trace.add(signing, toStep: "signature") }
        explanation.steps += trace.steps
        if trace.skippedElements > 0 {
            explanation.steps.append(TraceStep("and", "\(trace.skippedElements) more elements, not shown"))
        }
        // A handshake by the head has no such step.
        if explanation.refusal == nil, let signature = explanation.step("signature") {
            explanation.isSignatureUnknown = signature.holds == nil
        }
        explanation.replyLocation = source.location(ofKey: "reply")?.description
        explanation.conclude(deliveryState)
        return explanation
    }

    private func requestStep(
        _ request: borrowing RequestView, _ arrival: RequestArrival, note: String?,
        deliveryState: Explanation.DeliveryState?
    ) -> TraceStep {
        let sender = arrival.sender.map { ", from \($0)" } ?? ""
        let time = TimestampText.format(milliseconds: arrival.receivedAtMilliseconds)
        let target = PrintableText.escape("\(request.method.text) \(request.target.text)")
        var step = TraceStep("request", "\(target), \(TraceWords.bytes(request.body.count))\(sender), at \(time)")
        if deliveryState != nil {
            step.details.append(TraceStep("", "delivery \(PrintableText.escape(arrival.deliveryID))"))
        }
        if let note { step.details.append(TraceStep("", PrintableText.escape(note, limit: 400))) }
        return step
    }

    private func routeStep(_ request: borrowing RequestView, _ route: Route, details: RouteDetails) -> TraceStep {
        let words = "\(PrintableText.escape(route.name)), path \(PrintableText.escape(route.path))"
        let parameters = route.parameters(of: request).map {
            TraceStep("", "\(PrintableText.escape($0.name)) = \(PrintableText.quote($0.value))")
        }
        let secrets = (details.summary.secrets ?? []).filter { $0.bytes != nil }.map {
            TraceStep("", "\($0.key): \($0.words)")
        }
        let location = details.source.location?.description
        return TraceStep("route", holds: true, words, at: location, details: parameters + secrets)
    }
}

/// Paths without a route.
extension Explainer {
    /// All paths of a table with at most this number of routes are shown.
    private static let shortTable = 10

    private func noRoute(
        for request: borrowing RequestView, _ arrival: RequestArrival, note: String?,
        deliveryState: Explanation.DeliveryState? = nil
    ) -> Explanation {
        var explanation = Explanation(deliveryID: arrival.deliveryID)
        let words = words(forLostPath: request.path)
        explanation.steps = [
            requestStep(request, arrival, note: note, deliveryState: deliveryState),
            TraceStep("route", holds: false, words),
        ]
        explanation.conclude(deliveryState)
        return explanation
    }

    private func words(forLostPath path: Span<UInt8>) -> String {
        guard let decoded = PercentDecoding.pathDecode(path) else {
            return "none: a path with //, . or .. as a segment, %2F, %00 or invalid UTF-8 never leads to a route"
        }
        if table.routes.isEmpty { return "none: there are no routes" }
        // With the values of the requested path for parameters.
        let filled = table.routes.map { $0.path(filledFrom: decoded) }
        let nearest = Suggestion.closest(to: String(decoding: decoded, as: UTF8.self), among: filled)
        if let position = nearest.flatMap(filled.firstIndex) {
            return "none has this path; the nearest is \(PrintableText.escape(table.routes[position].path))"
        }
        if table.routes.count > Self.shortTable { return "none of the \(table.routes.count) routes has this path" }
        let paths = table.routes.map { PrintableText.escape($0.path) }
        return "none has this path; the paths are: \(paths.joined(separator: ", "))"
    }
}

extension Route {
    /// The values of the path's parameters, decoded, in its order.
    fileprivate func parameters(of request: borrowing RequestView) -> [(name: String, value: String)] {
        var parameters: [(name: String, value: String)] = []
        for (index, segment) in segments.enumerated() {
            guard case .parameter(let name) = segment else { continue }
            let value = String(decoding: PathParameters.value(at: index, of: request.path), as: UTF8.self)
            parameters.append((name, value))
        }
        return parameters
    }

    /// The path with its parameters replaced by the segments of another one; as written if their lengths differ.
    fileprivate func path(filledFrom path: [UInt8]) -> String {
        let others = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard others.count == segments.count else { return self.path }
        return zip(segments, others).reduce("") { filled, pair in
            if case .literal(let own) = pair.0 { return "\(filled)/\(String(decoding: own, as: UTF8.self))" }
            return "\(filled)/\(String(decoding: pair.1, as: UTF8.self))"
        }
    }
}

/// Request descriptions from the command line.
extension RequestToSign.Header {
    /// Parses `Name: value`.
    ///
    /// - Returns: `nil` for anything else, and for values that a header cannot contain.
    package init?(parsing text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let name = text[..<colon]
        var value = text[text.index(after: colon)...]
        while let first = value.first, first == " " || first == "\t" { value.removeFirst() }
        while let last = value.last, last == " " || last == "\t" { value.removeLast() }
        guard HeaderSyntax.isName(name), HeaderSyntax.isValue(value) else { return nil }
        self.init(String(name), String(value))
    }
}

extension RequestToSign {
    /// Percent-encodes path and query, except for existing escapes.
    ///
    /// - Parameters:
    ///   - path: may contain `?` and a query if `query` is nil.
    ///   - query: without the `?`.
    /// - Returns: `nil` if the path does not start with `/`, or there are two queries or a fragment.
    package static func target(path: String, query: String?) -> String? {
        guard path.hasPrefix("/"), !path.contains("#"), query?.contains("#") != true else { return nil }
        guard let mark = path.firstIndex(of: "?") else {
            let end = query.flatMap { $0.isEmpty ? nil : "?\(PercentEncoding.query($0))" } ?? ""
            return PercentEncoding.path(path) + end
        }
        guard query == nil else { return nil }
        let query = PercentEncoding.query(String(path[path.index(after: mark)...]))
        return "\(PercentEncoding.path(String(path[..<mark])))?\(query)"
    }
}
