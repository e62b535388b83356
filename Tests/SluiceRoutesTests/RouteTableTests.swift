import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

@Suite(.serialized) struct RouteTableTests {
    private func table(_ paths: [String]) throws -> RouteTable {
        let routes = paths.map { "- {path: \"\($0)\", verify: none, jobs: [{type: t}]}\n" }.joined()
        return try #require(compile([("r.yaml", "routes:\n\(routes)")]).table)
    }

    @Test(
        "a path is compared exactly, decoded once",
        arguments: [
            ("/", "/"), ("/a", "/a"), ("/a/", "/a/"), ("/a/b.c", "/a/b.c"), ("/%61", "/a"), ("/caf%C3%A9", "/café"),
            ("/a%2Fb", nil),
            ("/b", nil), ("/A", nil),
            ("/a//", nil), ("//a", nil), ("/a/./b.c", nil), ("/a/../a", nil), ("/%2E%2E/a", nil), ("/a/%2e", nil),
            ("/a%00", nil),
            ("/%", nil), ("/%6", nil), ("/%zz", nil),
            ("/caf%C3", nil), ("/%FF", nil), ("/%2561", nil), ("", nil), ("*", nil), ("http://h/a", nil),
        ] as [(String, String?)])
    func match(path: String, expected: String?) throws {
        let table = try table(["/", "/a", "/a/", "/a/b.c", "/café"])
        #expect(table.match(path: Array(path.utf8).span)?.path == expected)
    }

    @Test(
        "a route with larger bodies than fit into memory, received and rendered, is warned of at its limit"
    )
    func memory() {
        func warnings(_ line: String, memory: ByteCount?) -> [String] {
            compile([("r.yaml", openRoute(line))], memory: memory).warnings.map(\.description)
        }
        #expect(
            warnings("body_limit: 32MiB", memory: .mebibytes(63)) == [
                "r.yaml:5:17: warning: the route accepts bodies of up to 32MiB, but limits.memory (63MiB) fits at "
                    + "most one of half its size; larger ones are answered 503: raise limits.memory or lower 'body_limit'"
            ])
        #expect(warnings("body_limit: 32MiB", memory: .mebibytes(64)).isEmpty)
        #expect(warnings("body_limit: 32MiB", memory: nil).isEmpty)
        #expect(warnings("", memory: .mebibytes(16)).count == 1)
    }

    @Test(
        "a path that misses a route by slashes or letter case names it and the difference",
        arguments: [
            ("/github/", "/github: a slash at the end"), ("//github", "/github: a doubled slash"),
            ("/GitHub", "/github: letter case"), ("/git%48ub", "/github: letter case"),
            ("/hooks/stripe", "/hooks/stripe/: no slash at the end"),
            ("//Hooks//stripe", "/hooks/stripe/: a doubled slash and no slash at the end"),
            ("/t/Acme/x/", "/T/{tenant}/x: a slash at the end"), ("/t/Acme/X", "/T/{tenant}/x: letter case"),
            ("/githubs", nil), ("/github/x", nil), ("/", nil), ("", nil), ("/github%2F", nil), ("/./github", nil),
        ] as [(String, String?)])
    func nearMiss(path: String, expected: String?) throws {
        let table = try table(["/github", "/hooks/stripe/", "/T/{tenant}/x"])
        let bytes = Array(path.utf8)
        #expect(table.match(path: bytes.span) == nil)
        #expect(table.nearMiss(of: bytes.span).map { "\($0.route.path): \($0.difference)" } == expected)
    }

    @Test("each of ten thousand routes is found, and nothing else")
    func many() throws {
        let table = try table((0..<10_000).map { "/hooks/\($0)" })
        for index in stride(from: 0, to: 10_000, by: 37) {
            let route = table.match(path: Array("/hooks/\(index)".utf8).span)
            #expect(route?.path == "/hooks/\(index)")
            #expect(route?.index == index)
        }
        #expect(table.match(path: Array("/hooks/10000".utf8).span) == nil)
    }

    @Test("a table without routes finds nothing")
    func empty() throws {
        #expect(try #require(compile([]).table).match(path: Array("/".utf8).span) == nil)
    }

    @Test("the body limit is the route's, else the provider's, else the setting")
    func bodyLimit() throws {
        let text = """
            routes:
              - { path: /a, verify: none, jobs: [ { type: t } ] }
              - { path: /b, provider: github, verify: none, jobs: [ { type: t } ] }
              - { path: /c, provider: github, verify: none, body_limit: 64KiB, jobs: [ { type: t } ] }
            """
        let routes = try #require(compile([("r.yaml", text)]).table).routes
        #expect(routes.map(\.bodyLimit) == [.mebibytes(10), .mebibytes(25), .kibibytes(64)])
    }

    @Test("a route says of itself what a person wants to see in a table")
    func summary() throws {
        let text = """
            kinds: { k: {} }
            routes:
              - path: /a/{b}
                name: one
                methods: [POST, PUT]
                provider: github
                secrets: [ { env: SECRET } ]
                each: ${body.items}
                jobs:
                  - { when: { body.a: 1 }, kind: k }
                  - { when: { body.a: 2 }, ignore: true }
                  - { when: { body.a: 3 }, type: "t-${body.a}" }
                otherwise: dead_letter
              - path: /c
                verify: none
                unique_key: [ "${body.a}", "${body.b}" ]
                jobs: [ { type: t } ]
            """
        let summaries = compile([("routes/r.yaml", text)]).details.map(\.summary)
        #expect(summaries.map(\.name) == ["one", "/c"])
        #expect(summaries.map(\.path) == ["/a/{b}", "/c"])
        #expect(summaries.map(\.methods) == [["POST", "PUT"], ["POST"]])
        #expect(summaries.map(\.place) == ["routes/r.yaml:3", "routes/r.yaml:14"])
        #expect(summaries.map(\.verification) == ["github", "none"])
        #expect(summaries.map(\.uniqueKey) == ["${header.X-GitHub-Delivery}", "${body.a} + ${body.b}"])
        #expect(summaries.map(\.each) == ["${body.items}", nil])
        #expect(summaries.map(\.makes) == [["k", "ignore", "t-${body.a}"], ["t"]])
        #expect(summaries.map(\.otherwise) == ["dead_letter", nil])
    }
}
