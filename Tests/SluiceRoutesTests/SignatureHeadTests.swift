import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// What the head of a request shows is refused before its body is read.
@Suite(.serialized) struct SignatureHeadTests {
    private static let secret = "a secret of tests"

    private func outcome(_ verify: String, _ headers: [(name: String, value: String)], target: String = "/hook") throws
        -> String
    {
        let text =
            "routes:\n- path: /hook\n  verify: { alg: hmac-sha256, \(verify) }\n  secrets: [ { env: SECRET } ]\n  "
            + "jobs: [ { type: t } ]\n"
        let route = try route(text)
        return TestRequest("", target: target, headers: headers).withView { request in
            let arrival = RequestArrival(
                sender: request.peer, receivedAtMilliseconds: TestRequest.now, deliveryID: "")
            return switch route.admit(request, arrival) {
            case nil: "body"
            case .refused(let code, let reason)?: "\(code.rawValue): \(reason)"
            default: "other"
            }
        }
    }

    private static let digest = String(repeating: "0f", count: 32)

    @Test(
        "a signature that is missing, doubled or malformed",
        arguments: [
            ([], "signature_missing: the header x-signature is missing"),
            ([""], "signature_missing: the header x-signature is empty"),
            (["sha256="], "signature_missing: the header x-signature contains no signature after its prefix"),
            ([digest], "signature_invalid: the header x-signature does not begin with the signature's prefix"),
            (["sha256=xx"], "signature_invalid: the header x-signature is not hex"),
            (["sha256=\(digest)", "sha256=\(digest)"], "signature_invalid: the header x-signature is repeated"),
            (["sha256=\(digest)"], "body"),
        ])
    func signatures(values: [String], expected: String) throws {
        let headers = values.map { (name: "X-Signature", value: $0) }
        #expect(
            try outcome("signature_from: '${header.X-Signature}', signature_prefix: 'sha256='", headers) == expected)
    }

    @Test(
        "a timestamp that is missing, malformed or out of tolerance, and an id that does not match its pattern",
        arguments: [
            (nil, "m1", "signature_missing: the header x-time, which contains the timestamp, is missing"),
            ("0", "m1", "signature_invalid: the timestamp in the header x-time is not a number of seconds since 1970"),
            ("1699999700", "m1", "signature_expired: the timestamp is 300s old, and 'tolerance' is 5m"),
            ("1700000301", "m1", "signature_expired: the timestamp is 300s ahead of the clock, and 'tolerance' is 5m"),
            ("1699999701", nil, "signature_missing: the header x-id, which contains the id, is missing"),
            (
                "1700000300", "m.1",
                "signature_invalid: the header x-id, which contains the id, does not match 'id_pattern'"
            ),
            ("1700000000", "m1", "body"),
        ] as [(String?, String?, String)])
    func timestamps(time: String?, id: String?, expected: String) throws {
        var headers = [(name: "X-Signature", value: Self.digest)]
        if let time { headers.append(("X-Time", time)) }
        if let id { headers.append(("X-Id", id)) }
        let verify =
            "signature_from: '${header.X-Signature}', timestamp_from: '${header.X-Time}', id_from: '${header.X-Id}', "
            + "signed: '${id}.${timestamp}.${body}'"
        #expect(try outcome(verify, headers) == expected)
    }

    @Test("parts in the query are in the head, and those in the body are not")
    func elsewhere() throws {
        #expect(
            try outcome("signature_from: '${query.sig}'", []) == "signature_missing: the query parameter sig is missing"
        )
        #expect(try outcome("signature_from: '${query.sig}'", [], target: "/hook?sig=\(Self.digest)") == "body")
        #expect(try outcome("signature_from: '${body.sig}'", []) == "body")
        let verify = "signature_from: '${header.X-Signature}', timestamp_from: '${body.at}', signed: '${timestamp}'"
        #expect(try outcome(verify, [("X-Signature", Self.digest)]) == "body")
        #expect(try outcome(verify, []) == "signature_missing: the header x-signature is missing")
    }
}
