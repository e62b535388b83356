internal import SluiceBase

extension Route {
    /// What the request is asked before its signature, up to the first refusal, in the order of the gateway.
    ///
    /// - Parameters:
    ///   - sender: `nil` where nobody knows it any more, and the gateway has let it in.
    ///   - now: the wall clock, in milliseconds since 1970.
    func checks(_ request: borrowing RequestView, from sender: PeerAddress?, at now: Int64) -> [Explanation.Check] {
        var checks: [Explanation.Check] = []
        for check in HeadCheck.allCases {
            let refusal = check == .address && sender == nil ? nil : refusal(by: check, request, sender ?? request.peer)
            if let account = account(of: check, request, sender, refusal) { checks.append(account) }
            if refusal != nil { return checks }
        }
        // The gateway refuses such a request before it asks how large its body is.
        if sender != nil, signatureRefusal(ofHead: request, receivedAtMilliseconds: now) != nil { return checks }
        return checks + [
            Explanation.Check(
                name: "body_limit", place: parts.origin.place(of: "body_limit"), asked: "at most \(bodyLimit)",
                found: "\(request.body.count) bytes", refusal: exceedsLimit(request) ? .bodyTooLarge : nil)
        ]
    }

    /// - Returns: `nil` where the route does not ask.
    private func account(
        of check: HeadCheck, _ request: borrowing RequestView, _ sender: PeerAddress?, _ refusal: ErrorCode?
    ) -> Explanation.Check? {
        let (name, asked, found): (String, String, String)
        switch check {
        case .address:
            guard restrictsAddresses else { return nil }
            (name, asked) = ("allow_from", parts.allowedAddresses.map(\.description).joined(separator: ", "))
            found = sender?.description ?? "not kept; the gateway accepted it"
        case .method: (name, asked, found) = ("methods", allow, request.method.text)
        case .contentType:
            guard let types = parts.contentTypes else { return nil }
            (name, asked) = (
                "content_types", types.ranges.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
            )
            found = Self.header("content-type", of: request) ?? "no content-type"
        case .contentEncoding:
            guard let coding = Self.header("content-encoding", of: request) else { return nil }
            (name, asked, found) = ("gzip", acceptsGzip ? "gzip or identity" : "identity", coding)
        }
        return Explanation.Check(
            name: name, place: parts.origin.place(of: name), asked: asked, found: found, refusal: refusal)
    }

    private static func header(_ name: HeaderName, of request: borrowing RequestView) -> String? {
        request.headers.firstIndex(of: name).map { request.headers.value(at: $0).text }
    }
}
