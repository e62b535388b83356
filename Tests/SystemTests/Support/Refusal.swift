import Testing

/// What a refusal looks like from outside.
struct Refusal: Sendable {
    let status: Int
    let code: String
    /// What the log says.
    let reason: String
    /// Whether the connection goes on.
    var keepsConnection = false
}

extension GatewayUnderTest {
    /// What no line of a log may hold of the requests that these tests send.
    private static let confidential = [Webhook.gitHubSecret, Webhook.hmacSecret, "sha256=", "refs/heads", "1f2e3d"]

    /// Codes whose answer says the reason, too.
    private static let codesWithReason: Set = ["malformed_request", "signature_missing", "signature_invalid"]

    /// Sends `bytes` on a separate connection and checks the answer to the last request, the fate of the
    /// connection, and the log.
    ///
    /// - Parameters:
    ///   - answersBefore: how many other answers come first, all 200.
    func expectRefusal(
        of bytes: [UInt8], _ expected: Refusal, answersBefore: Int = 0, _ name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let position = log.position
        let wire = try connect()
        try wire.send(bytes)
        for _ in 0..<answersBefore {
            let answer = try await wire.answer()
            #expect(answer.status == 200, "\(name): \(answer)", sourceLocation: sourceLocation)
        }
        let answer = try await wire.answer()
        #expect(answer.status == expected.status, "\(name): \(answer)", sourceLocation: sourceLocation)
        #expect(answer.code == expected.code, "\(name): \(answer)", sourceLocation: sourceLocation)
        if Self.codesWithReason.contains(expected.code) {
            let isTold = answer.text.contains(": \(expected.reason).\"")
            #expect(isTold, "\(name): \(answer)", sourceLocation: sourceLocation)
        }
        try await expectFate(of: wire, expected.keepsConnection, answer, name, sourceLocation)
        // The record of an earlier refusal may come only now.
        let record = try await record(from: position, "\(name): the refusal's record") {
            $0.message == "refused a request" && $0["code"] == expected.code
        }
        #expect(record["status"] == String(expected.status), "\(name): \(record)", sourceLocation: sourceLocation)
        #expect(record["reason"] == expected.reason, "\(name): \(record)", sourceLocation: sourceLocation)
    }

    private func expectFate(
        of wire: Wire, _ keepsConnection: Bool, _ answer: WireAnswer, _ name: String, _ sourceLocation: SourceLocation
    ) async throws {
        if keepsConnection {
            #expect(answer[header: "connection"] == nil, "\(name): \(answer)", sourceLocation: sourceLocation)
            try wire.send(Webhook.gitHub().bytes)
            let next = try await wire.answer()
            #expect(next.status == 200, "\(name), afterwards: \(next)", sourceLocation: sourceLocation)
        } else {
            #expect(answer[header: "connection"] == "close", "\(name): \(answer)", sourceLocation: sourceLocation)
            wire.finishSending()
            let (rest, ending) = try await wire.ending()
            #expect(rest.isEmpty, "\(name): \(String(decoding: rest, as: UTF8.self))", sourceLocation: sourceLocation)
            #expect(ending == .closed, "\(name)", sourceLocation: sourceLocation)
        }
    }

    /// A good delivery on a fresh connection is stored.
    func expectGoodDelivery(_ name: String = "a good delivery", sourceLocation: SourceLocation = #_sourceLocation)
        async throws
    {
        let answer = try await answer(to: .gitHub())
        #expect(answer.status == 200, "\(name): \(answer)", sourceLocation: sourceLocation)
        #expect(answer[member: "jobs"] == "1", "\(name): \(answer)", sourceLocation: sourceLocation)
    }

    /// Nothing that a sender meant for the gateway alone is in the log.
    func expectDiscreetLog(sourceLocation: SourceLocation = #_sourceLocation) {
        for line in log.lines {
            for text in Self.confidential where line.contains(text) {
                Issue.record("the log holds '\(text)': \(line)", sourceLocation: sourceLocation)
            }
        }
    }
}
