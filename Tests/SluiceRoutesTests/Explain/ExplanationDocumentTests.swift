import Foundation
import SluiceBase
import SluiceRoutes
import Testing

/// The account as JSON.
@Suite(.serialized) struct ExplanationDocumentTests {
    private func document(_ explanation: Explanation) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(explanation.json.utf8)) as? [String: Any])
    }

    @Test("It has the same as the lines for people, with numbers and payloads as they are, and its keys are sorted")
    func job() throws {
        let text = openRoute("event: ${header.X-E}\nunique_key: ${body.id}", rule: "payload: ${body}\npriority: 5")
        let found = try explanation(
            text, TestRequest(#"{"z":12345678901234567890.10,"id":"i"}"#, headers: [("X-E", "e")]))
        let document = try document(found)
        #expect(Set(document.keys) == ["request", "route", "checks", "verification", "delivery", "result"])
        let result = try #require(document["result"] as? [String: Any])
        #expect(result["taken"] as? Bool == true)
        #expect(result["status"] as? Int == 200)
        #expect(result["jobs"] as? Int == 1)
        let delivery = try #require(document["delivery"] as? [String: Any])
        #expect((delivery["event"] as? [String: Any])?["value"] as? String == "e")
        #expect((delivery["key"] as? [String: Any])?["text"] as? String == "open:i")
        let element = try #require((delivery["elements"] as? [[String: Any]])?.first)
        let job = try #require((element["made"] as? [[String: Any]])?.first?["job"] as? [String: Any])
        #expect(job["type"] as? String == "t")
        #expect(job["priority"] as? Int == 5)
        #expect(found.json.contains("12345678901234567890.10"))
        let tops = found.json.split(separator: "\n").filter { $0.hasPrefix("  \"") }
        #expect(tops == tops.sorted())
        #expect(found.json.hasPrefix("{\n  \"checks\": [\n"))
    }

    @Test("A refusal has its code, and what was looked for in the signature")
    func refusal() throws {
        let found = try explanation(
            signedRoute, TestRequest("{}", headers: [("X-Time", "1700000000"), ("X-Signature", "sha256=00")]),
            environment: ["SECRET": "a secret of tests", "OLD": "the old secret..."])
        let document = try document(found)
        let result = try #require(document["result"] as? [String: Any])
        #expect(result["taken"] as? Bool == false)
        #expect(result["code"] as? String == "signature_invalid")
        let verification = try #require(document["verification"] as? [String: Any])
        #expect(verification["verdict"] as? String == "refused")
        #expect(verification["secrets"] as? [String] == ["env SECRET", "env OLD"])
        #expect((verification["signed_text"] as? [String: Any])?["text"] as? String == "1700000000.{}")
        #expect(document["delivery"] == nil)
    }

    @Test("Long bytes are cut, with their length")
    func cut() throws {
        let body = "{\"a\":\"\(String(repeating: "x", count: 20_000))\"}"
        let digest = signature(Array("1700000000.\(body)".utf8), "a secret of tests")
        let found = try explanation(
            signedRoute, TestRequest(body, headers: [("X-Time", "1700000000"), ("X-Signature", "sha256=\(digest)")]),
            environment: ["SECRET": "a secret of tests", "OLD": "the old secret..."])
        let verification = try #require(try document(found)["verification"] as? [String: Any])
        let text = try #require(verification["signed_text"] as? [String: Any])
        #expect(text["bytes"] as? Int == body.utf8.count + 11)
        #expect(text["is_cut"] as? Bool == true)
    }

    @Test("Conditions keep their shape")
    func conditions() throws {
        let text = openRoute(
            "otherwise: ignore", rule: "when:\n  any: [ { body.a: 1 }, { body.b: 2 } ]\n  not: { body.c: 3 }")
        let document = try document(try explanation(text, TestRequest(#"{"b":2}"#)))
        let element = try #require(((document["delivery"] as? [String: Any])?["elements"] as? [[String: Any]])?.first)
        let conditions = try #require((element["rules"] as? [[String: Any]])?.first?["conditions"] as? [[String: Any]])
        #expect((conditions[0]["any"] as? [[[String: Any]]])?.map { $0[0]["holds"] as? Bool } == [false, true])
        #expect((conditions[1]["not"] as? [[String: Any]])?.map { $0["found"] as? String } == ["absent"])
    }

    @Test(
        "A header and a target are read as people write them",
        arguments: [
            ("X-A: b", "X-A", "b"), ("X-A:b c ", "X-A", "b c"), ("X-A:", "X-A", ""), ("X-A: a:b", "X-A", "a:b"),
        ])
    func header(text: String, name: String, value: String) {
        #expect(RequestToSign.Header(parsing: text) == RequestToSign.Header(name, value))
    }

    @Test("What is no header and no target is refused")
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
