import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Paths with parameters.
@Suite(.serialized) struct PathParameterTests {
    @Test(
        "the most exact path takes a request",
        arguments: [
            ("/a/x", "exact"), ("/a/y", "second"), ("/a/y/", nil), ("/b/x", "both"), ("/b/x/z", "last"),
            ("/b/x/y", "deep"), ("/b/", nil),
            ("/b", nil), ("/", nil), ("/c/x", "trailing"), ("/c/x/", "slash"), ("/a/%78", "exact"),
            ("/b/a%20b", "both"), ("/b/.", nil),
            ("/b/..", nil), ("/b/%2e%2E", nil), ("/b/a%2Fb", nil), ("/b/a%00b", nil), ("/b//z", nil), ("/b/%FF", nil),
            ("/b/...", "both"),
        ] as [(String, String?)])
    func match(path: String, expected: String?) throws {
        let paths = [
            ("exact", "/a/x"), ("second", "/a/{p}"), ("both", "/b/{p}"), ("last", "/b/{p}/z"), ("deep", "/b/{p}/{q}"),
            ("trailing", "/c/{p}"), ("slash", "/c/{p}/"),
        ]
        #expect(try table(paths).match(path: Array(path.utf8).span)?.name == expected)
    }

    @Test("the parameter is tried if a literal segment leads to no route")
    func backtracking() throws {
        let table = try table([("a", "/a/b/d"), ("b", "/a/{x}/c"), ("c", "/{y}/b/e")])
        #expect(table.match(path: Array("/a/b/c".utf8).span)?.name == "b")
        #expect(table.match(path: Array("/a/b/d".utf8).span)?.name == "a")
        #expect(table.match(path: Array("/a/b/e".utf8).span)?.name == "c")
        #expect(table.match(path: Array("/a/b/f".utf8).span) == nil)
    }

    @Test("a value has at most 255 bytes", arguments: [(255, true), (256, false)])
    func length(count: Int, isTaken: Bool) throws {
        let path = "/b/" + String(repeating: "v", count: count)
        #expect((try table([("r", "/b/{p}")]).match(path: Array(path.utf8).span) != nil) == isTaken)
    }

    @Test(
        "a parameter is decoded once",
        arguments: [
            ("/in/acme/x", "acme"), ("/in/a%20%C3%A9/x", "a é"), ("/in/a%2541/x", "a%41"), ("/in/a+b/x?q=1", "a+b"),
        ])
    func value(target: String, expected: String) throws {
        let route = try route(openRoute(rule: "payload: '${param.tenant}'").replacing("/hook", with: "/in/{tenant}/x"))
        #expect(TestRequest("{}", target: target).processed(by: route).payload == "\"\(expected)\"")
    }

    @Test("parameters can be asked for everywhere, and in conditions are compared as text")
    func elsewhere() throws {
        let text = openRoute(
            "event: e-${param.t}\notherwise: ignore",
            rule: "when: { param.t: 7, event: e-7 }\nqueue: q-${param.t}\npayload: { t: '${param.t}' }")
        let route = try route(text.replacing("/hook", with: "/{t}"))
        let job = TestRequest("{}", target: "/7").processed(by: route).delivery?.jobs.first
        #expect(job?.queue == "q-7")
        #expect(job.map { String(decoding: $0.payload, as: UTF8.self) } == #"{"t":"7"}"#)
        #expect(TestRequest("{}", target: "/8").processed(by: route).summary == "no rule matched")
    }

    @Test(
        "invalid paths",
        arguments: [
            (
                "/a/{}",
                "3:11: a parameter must be a whole segment of the path, such as /github/{tenant}; its name can have letters, "
                    + "digits, '_' and '-'"
            ),
            (
                "/a/x{b}",
                "3:11: a parameter must be a whole segment of the path, such as /github/{tenant}; its name can have letters, "
                    + "digits, '_' and '-'"
            ),
            (
                "/a/{1b}",
                "3:11: a parameter must be a whole segment of the path, such as /github/{tenant}; its name can have letters, "
                    + "digits, '_' and '-'"
            ),
            (
                "/a/{b",
                "3:11: a parameter must be a whole segment of the path, such as /github/{tenant}; its name can have letters, "
                    + "digits, '_' and '-'"
            ),
            ("/{a}/{a}", "3:11: the path has two parameters 'a'"),
        ])
    func mistakes(path: String, expected: String) {
        #expect(problems(openRoute().replacing("/hook", with: "'\(path)'")) == [expected])
    }

    @Test("a parameter that the path does not have is named, with a suggestion")
    func unknown() {
        let text = openRoute(rule: "payload: ${param.tenent}").replacing("/hook", with: "/{tenant}")
        #expect(
            problems(text) == [
                "7:18: the path has no parameter 'tenent'; write parameters as {name} in 'path'; did you mean "
                    + "'tenant'?"
            ])
    }

    @Test(
        "paths that take the same requests are an error unless one is the more exact",
        arguments: [
            ("/a/{x}", "/a/{y}", "the path '/a/{y}' is already used at r.yaml:2:9"), ("/a/{x}", "/a/b", nil),
            ("/a/{x}", "/{y}/b", ""),
            ("/{x}/b/{z}", "/a/{y}/{z}", ""), ("/{x}/b/{z}", "/a/b/{z}", nil), ("/{x}/{y}", "/a/b", nil),
            ("/{x}/c", "/a/d", nil),
            ("/{x}", "/a/b", nil), ("/{x}/", "/a", nil), ("/{x}/", "/a/", nil), ("/a/{x}/", "/{y}/b/", ""),
        ] as [(String, String, String?)])
    func overlap(one: String, other: String, expected: String?) {
        let text =
            "routes:\n- path: '\(one)'\n  name: one\n  verify: none\n  jobs: [{type: t}]\n"
            + "- path: '\(other)'\n  name: other\n  verify: none\n  jobs: [{type: t}]\n"
        let unclear = "the path '\(other)' and '\(one)' at r.yaml:2:9 both match requests such as"
        let found = problems(text)
        switch expected {
        case nil: #expect(found == [])
        case ""?:
            #expect(
                found.count == 1 && found[0].hasPrefix("6:9: \(unclear)")
                    && found[0].hasSuffix(", and neither is more specific"))
        case let expected?: #expect(found == ["6:9: \(expected)"])
        }
    }

    private func table(_ paths: [(name: String, path: String)]) throws -> RouteTable {
        let text = paths.map { "- name: \($0.name)\n  path: '\($0.path)'\n  verify: none\n  jobs: [{type: t}]\n" }
            .joined()
        let compilation = compile([("r.yaml", "routes:\n" + text)])
        #expect(compilation.problems.map(\.description) == [])
        return try #require(compilation.table)
    }
}
