import Foundation
import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// The account as JSON.
@Suite(.serialized) struct ExplanationDocumentTests {
    private func document(_ explanation: Explanation) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(explanation.json.utf8)) as? [String: Any])
    }

    private func steps(_ document: [String: Any]) throws -> [[String: Any]] {
        try #require(document["steps"] as? [[String: Any]])
    }

    @Test("it has the steps that people read, and the result with jobs as they are sent; its keys are sorted")
    func job() throws {
        let text = openRoute("event: ${header.X-E}\nunique_key: ${body.id}", rule: "payload: ${body}\npriority: 5")
        let found = try explanation(
            text, TestRequest(#"{"z":12345678901234567890.10,"id":"i"}"#, headers: [("X-E", "e")]))
        let document = try document(found)
        #expect(Set(document.keys) == ["result", "steps"])
        let names = try steps(document).map { $0["name"] as? String }
        #expect(
            names == [
                "request", "route", "methods", "body_limit", "signature", "body", "event", "rule 1", "unique key",
                "job",
                "answer", "result",
            ])
        let key = try #require(try steps(document).first { $0["name"] as? String == "unique key" })
        #expect(key["holds"] as? Bool == true)
        #expect(key["text"] as? String == "open:i")
        #expect(key["location"] as? String == "r.yaml:6:5")
        #expect((key["details"] as? [[String: Any]])?.first?["text"] as? String == #"${body.id} = "i""#)
        let result = try #require(document["result"] as? [String: Any])
        #expect(result["accepted"] as? Bool == true)
        #expect(result["status"] as? Int == 200)
        let job = try #require((result["jobs"] as? [[String: Any]])?.first)
        #expect(job["type"] as? String == "t")
        #expect(job["priority"] as? Int == 5)
        #expect(job["unique_key"] as? String == "open:i")
        #expect(found.json.contains("12345678901234567890.10"))
        #expect(found.json.hasPrefix("{\n  \"result\": {\n    \"accepted\": true,\n"))
    }

    @Test("a refusal has its code, and the details of the signature")
    func refusal() throws {
        let found = try explanation(
            signedRoute, TestRequest("{}", headers: [("X-Time", "1700000000"), ("X-Signature", "sha256=00")]),
            environment: ["SECRET": "a secret of tests", "OLD": "the old secret..."])
        let document = try document(found)
        let result = try #require(document["result"] as? [String: Any])
        #expect(result["accepted"] as? Bool == false)
        #expect(result["code"] as? String == "signature_invalid")
        let signature = try #require(try steps(document).last { $0["name"] as? String == "signature" })
        #expect(signature["holds"] as? Bool == false)
        let details = try #require(signature["details"] as? [[String: Any]]).map { $0["text"] as? String }
        #expect(details.contains("secret 1 (env SECRET)") && details.contains("secret 2 (env OLD)"))
        #expect(details.contains("signed text, 13 bytes: 1700000000.{}"))
        #expect(!names(document).contains("body"))
    }

    private func names(_ document: [String: Any]) -> [String] {
        (document["steps"] as? [[String: Any]])?.compactMap { $0["name"] as? String } ?? []
    }

    @Test("long bytes are cut, with their length")
    func cut() throws {
        let body = "{\"a\":\"\(String(repeating: "x", count: 20_000))\"}"
        let digest = signature(Array("1700000000.\(body)".utf8), "a secret of tests")
        let found = try explanation(
            signedRoute, TestRequest(body, headers: [("X-Time", "1700000000"), ("X-Signature", "sha256=\(digest)")]),
            environment: ["SECRET": "a secret of tests", "OLD": "the old secret..."])
        let signed = try #require(found.step("signature")?.details.last?.text)
        #expect(signed.hasPrefix("signed text, \(body.utf8.count + 11) bytes: 1700000000.{"))
        #expect(signed.hasSuffix("x…") && signed.count < 300)
    }

    @Test("conditions keep their shape")
    func conditions() throws {
        let text = openRoute(
            "otherwise: ignore", rule: "when:\n  any: [ { body.a: 1 }, { body.b: 2 } ]\n  not: { body.c: 3 }")
        let document = try document(try explanation(text, TestRequest(#"{"b":2}"#)))
        let rule = try #require(try steps(document).first { $0["name"] as? String == "rule 1" })
        let conditions = try #require(rule["details"] as? [[String: Any]])
        #expect(conditions.map { $0["text"] as? String } == ["any of", "not all of"])
        let alternatives = try #require(conditions[0]["details"] as? [[String: Any]])
        #expect(
            alternatives.map { ($0["details"] as? [[String: Any]])?.first?["holds"] as? Bool } == [false, true])
        #expect(
            (conditions[1]["details"] as? [[String: Any]])?.map { $0["text"] as? String } == ["body.c is 3: absent"])
    }

    @Test(
        "a header and a target are read as people write them",
        arguments: [
            ("X-A: b", "X-A", "b"), ("X-A:b c ", "X-A", "b c"), ("X-A:", "X-A", ""), ("X-A: a:b", "X-A", "a:b"),
        ])
    func header(text: String, name: String, value: String) {
        #expect(RequestToSign.Header(parsing: text) == RequestToSign.Header(name, value))
    }

    @Test("an invalid header or target is refused")
    func malformed() {
        for text in ["X-A", ": b", "X A: b", "X-A: b\nc", "X-A: \u{7F}"] {
            #expect(RequestToSign.Header(parsing: text) == nil, "\(text)")
        }
        #expect(RequestToSign.target(path: "/a b%20c?d e", query: nil) == "/a%20b%20c?d%20e")
        #expect(RequestToSign.target(path: "/a", query: "b=ü") == "/a?b=%C3%BC")
        #expect(RequestToSign.target(path: "/a", query: "") == "/a")
        for (path, query) in [("a", nil), ("/a#b", nil), ("/a?b", "c"), ("/a", "b#c")] as [(String, String?)] {
            #expect(RequestToSign.target(path: path, query: query) == nil)
        }
    }
}
