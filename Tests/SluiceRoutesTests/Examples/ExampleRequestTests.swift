import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// The request of an example is what its keys say.
@Suite(.serialized) struct ExampleRequestTests {
    private static let echo = ExampleRoute(
        rules: """
            - type: t
              payload:
                method: ${method}
                path: ${path}
                q: ${query.q}
                x: ${header.X-A}
                type: ${header.Content-Type}
                from: ${delivery.remote_address}
                at: ${delivery.received_ms}
                body: ${body}
            """)

    private func payload(_ lines: String, _ payload: String, in route: ExampleRoute = Self.echo) throws -> [[String]] {
        try route.differences("\(lines)\nexpect: { jobs: [ { payload: { \(payload) } } ] }")
    }

    @Test(
        "each key",
        arguments: [
            ("body: 1", "method: POST"), ("body: 1", "path: /hook"), ("query: q=a%20b\nbody: 1", "q: a b"),
            ("query: { q: 'ä &=+#', r: 1 }\nbody: 1", "q: 'ä &=+#'"),
            ("query: { q: 1.50, r: true }\nbody: 1", "q: '1.50'"),
            ("headers: { X-A: 5 }\nbody: 1", "x: '5'"), ("headers: { x-a: a b }\nbody: 1", "x: a b"),
            ("body: { a: 1.50, b: '${body}' }", "body: { a: 1.5, b: '${body}' }, type: application/json"),
            ("body: null", "body: null"),
            ("body_text: '[1]'", "body: [1], type: null"),
            ("headers: { Content-Type: text/x }\nbody: 5", "body: 5, type: text/x"),
            ("remote_address: 2001:db8::1\nbody: 1", "from: 2001:db8::1"), ("body: 1", "from: 192.0.2.1"),
            ("clock: 2026-11-25T08:00:00Z\nbody: 1", "at: 1795593600000"),
            ("clock: 1795593600001\nbody: 1", "at: 1795593600001"),
            ("body: 1", "at: 1700000000123"),
        ])
    func keys(lines: String, expected: String) throws {
        #expect(try payload(lines, expected) == [[]])
    }

    @Test(
        "a route that verifies nothing reads a body by its content type",
        arguments: [
            ("headers: { Content-Type: text/plain }\nbody_text: \"a\\nb\"", "body: \"a\\nb\", type: text/plain"),
            (
                "headers: { content-type: application/x-www-form-urlencoded }\nbody_text: a=1&a=2",
                "body: { a: ['1', '2'] }"
            ),
            ("headers: { Content-Type: text/x }\nbody: 5", "body: '5'"),
        ])
    func unverified(lines: String, expected: String) throws {
        var route = Self.echo
        route.verify = "verify: none"
        #expect(try payload(lines, expected, in: route) == [[]])
    }

    @Test("a method in addition to POST, and one that the route accepts instead of POST")
    func methods() throws {
        var route = Self.echo
        route.lines = "methods: [ PUT, GET ]"
        #expect(try payload("body: 1", "method: PUT", in: route) == [[]])
        #expect(try payload("method: GET\nbody: 1", "method: GET", in: route) == [[]])
    }

    @Test("a path with parameters, and one that leads elsewhere")
    func paths() throws {
        var route = Self.echo
        route.path = "/hook/{tenant}"
        #expect(try payload("path: /hook/a b\nbody: 1", "path: '/hook/a b'", in: route) == [[]])
        #expect(
            try route.differences("path: /other\nbody: 1\nexpect: { status: 200 }")
                == [["!its path /other leads to no route"]])
        let two =
            "routes:\n"
            + ["a", "b"].map { name in
                "  - { name: \(name), path: /\(name), verify: none, jobs: [ { type: t } ], examples: [ { path: /a, "
                    + "body: 1, expect: { status: 200 } } ] }\n"
            }.joined()
        let results = compile([("r.yaml", two)]).runExamples(folder: ".", atMilliseconds: 0)
        #expect(
            results.compactMap(\.problem).map(\.description) == [
                "r.yaml:3:75: the example 'example 1' of the route 'b' cannot be run: its path /a leads to the route "
                    + "'a'"
            ])
    }

    @Test("the sender is one that the route takes unless the example says another")
    func senders() throws {
        var route = Self.echo
        route.lines = "allow_from: [ 203.0.113.8/29, 2001:db8::/32 ]"
        #expect(try payload("body: 1", "from: 203.0.113.9", in: route) == [[]])
        #expect(
            try route.differences(
                "remote_address: 192.0.2.1\nbody: 1\nexpect: { refused: address_not_allowed, status: 403 }") == [[]])
    }

    @Test("a body from a file in the folder, which a link must not lead out of")
    func files() throws {
        let folder = try TemporaryFolder()
        let outside = try TemporaryFolder()
        try outside.write("out.json", "1")
        try folder.makeFolder("examples")
        try folder.write("examples/a.json", "{\"a\":1}")
        try folder.write("plain", "2")
        try folder.link("out.json", to: "\(outside.path)/out.json")
        try folder.link("in.json", to: "examples/a.json")
        let differences = try Self.echo.differences(
            "body_file: examples/a.json\nexpect: { jobs: [ { payload: { body: { a: 1 }, type: application/json } } ] }",
            "body_file: plain\nexpect: { jobs: [ { payload: { type: null } } ] }",
            "body_file: in.json\nexpect: { jobs: [ { payload: { body: { a: 1 } } } ] }",
            "body_file: out.json\nexpect: { status: 200 }", "body_file: examples/b.json\nexpect: { status: 200 }",
            "body_file: examples\nexpect: { status: 200 }", folder: folder.path)
        #expect(
            differences == [
                [], [], [], ["!the file \(folder.path)/out.json is outside the routes folder"],
                ["!the file \(folder.path)/examples/b.json cannot be read: No such file or directory"],
                ["!the file \(folder.path)/examples cannot be read: not a regular file"],
            ])
    }
}
