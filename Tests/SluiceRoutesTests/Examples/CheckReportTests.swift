import Foundation
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// The report of `sluice check`, in each of its forms.
@Suite(.serialized) struct CheckReportTests {
    private static let route = """
        kinds:
          spare: {}
        routes:
          - name: r
            path: /hook
            verify: none
            jobs: [ { type: t } ]
            examples:
              - name: fine
                body: 1
                expect: { status: 200 }
              - name: 100%
                body: 1
                expect: { status: 202 }
        """

    private func report(_ files: [String: String], secrets: SecretSupply = .configured) throws -> CheckReport {
        let folder = try TemporaryFolder()
        for (name, text) in files { try folder.write(name, text) }
        var options = RouteOptions()
        options.secrets = secrets
        let report = CheckReport.make(folder: folder.path, environment: [:], options: options, atMilliseconds: 0)
        return report
    }

    /// Without the folder's own path.
    private func lines(_ report: CheckReport, _ form: CheckTextFormat = CheckTextFormat()) -> [String] {
        report.lines(form).map { $0.replacing(report.folder + "/", with: "").replacing(report.folder, with: "routes") }
    }

    @Test("what is wrong in all files, sorted, with what differs, and a line that sums up")
    func human() throws {
        let report = try report(["b.yaml": Self.route, "a.yaml": "kinds: { a: {}, b: {} }\n"])
        #expect(
            lines(report) == [
                "a.yaml:1:10: warning: no rule makes jobs of kind 'a'",
                "a.yaml:1:17: warning: no rule makes jobs of kind 'b'",
                "b.yaml:2:3: warning: no rule makes jobs of kind 'spare'",
                "b.yaml:14:27: error: the example '100%' of the route 'r' has an unexpected result: it is "
                    + "stored as 1 job",
                "    status",
                "      - 202", "      + 200", "routes: 2 files, 1 route, 3 kinds, 2 examples: 1 error, 3 warnings",
            ])
    }

    @Test("examples are not run if the files have errors, and are if only secrets are missing")
    func errors() throws {
        let broken = try report(["b.yaml": Self.route.replacing("jobs:", with: "job:")])
        #expect(broken.examples == nil && !broken.lacksSecretsOnly)
        #expect(lines(broken).last == "routes: 1 file, 1 route, 1 kind, 2 examples (not run): 1 error, 1 warning")
        let signed = Self.route.replacing(
            "verify: none",
            with: "verify: { alg: hmac-sha256, signature_from: '${header.X-S}' }\n    secrets: [ { env: NONE } ]")
        let secretless = try report(["b.yaml": signed])
        #expect(secretless.lacksSecretsOnly)
        #expect(secretless.examples?.map(\.isAsExpected) == [true, false])
        #expect(lines(secretless).last == "routes: 1 file, 1 route, 1 kind, 2 examples: 2 errors, 1 warning")
        let without = try report(["b.yaml": signed], secrets: .throwAway)
        #expect(without.errors == 1 && !without.lacksSecretsOnly)
    }

    @Test("a file of which not even the YAML can be read, a folder that is not there, and one with nothing in it")
    func nothing() throws {
        #expect(
            try lines(report(["a.yaml": "a: [\n"])).last
                == "routes: 1 file, 0 routes, 0 kinds, 0 examples: 1 error, 0 warnings")
        let missing = CheckReport.make(
            folder: "/nonexistent", environment: [:], options: RouteOptions(), atMilliseconds: 0)
        #expect(
            missing.lines(CheckTextFormat()) == [
                "/nonexistent:1:1: error: the routes folder cannot be read: No such file or directory",
                "/nonexistent: 0 files, 0 routes, 0 kinds, 0 examples: 1 error, 0 warnings",
            ])
    }

    @Test("a folder without route files, and one without routes, are not green")
    func emptiness() throws {
        let empty = try report(["notes.txt": "x"])
        #expect(
            lines(empty) == [
                "routes:1:1: error: no route files here; route files are named *.yaml",
                "routes: 0 files, 0 routes, 0 kinds, 0 examples: 1 error, 0 warnings",
            ])
        let upper = try report(["a.b.YAML": Self.route])
        #expect(lines(upper).first == "a.b.YAML:1:1: error: route files end in .yaml; rename it to a.b.yaml")
        for text in ["routes: []\n", "kinds:\n  k: {}\n"] {
            let report = try report(["a.yaml": text])
            #expect(lines(report).contains("routes:1:1: error: the files contain no routes"), "\(text)")
            #expect(report.errors == 1)
        }
        let file = CheckReport.make(
            folder: #filePath + ".yaml", environment: [:], options: RouteOptions(), atMilliseconds: 0)
        #expect(file.lines(CheckTextFormat()).first?.hasSuffix("name the folder, not a file in it") == true)
    }

    @Test("on a terminal the line is printed below, with a caret at the column")
    func source() throws {
        var form = CheckTextFormat()
        form.showsSource = true
        let report = try report(["b.yaml": Self.route])
        #expect(
            Array(lines(report, form).prefix(3)) == [
                "b.yaml:2:3: warning: no rule makes jobs of kind 'spare'", "  2 |   spare: {}", "    |   ^",
            ])
        #expect(
            Array(lines(report, form).dropFirst(3).prefix(3)) == [
                "b.yaml:14:27: error: the example '100%' of the route 'r' has an unexpected result: it is "
                    + "stored as 1 job",
                "  14 |         expect: { status: 202 }", "     |                           ^",
            ])
    }

    @Test("a long line is cut around its column, and control characters do not reach the terminal")
    func longLine() throws {
        var form = CheckTextFormat()
        (form.showsSource, form.width) = (true, 40)
        let padding = String(repeating: " ", count: 100)
        let long = try lines(report(["b.yaml": "kinds: {\(padding)é: null,\(padding)rest: {} }\nroutes: []\n"]), form)
            .dropFirst().map(
                \.self)
        #expect(long[0].hasPrefix("b.yaml:1:109: warning: "))
        #expect(long[1].count <= 40)
        let column = try #require(long[2].firstIndex(of: "^")).utf16Offset(in: long[2])
        #expect(Array(long[1])[column] == "é")
        let wild = try lines(report(["b.yaml": "# \u{1B}[31m\u{202E}\u{7}\nx: 1\n"]), form)
        #expect(wild[0].hasPrefix("b.yaml:1:3: error: "))
        #expect(wild[1] == "  1 | #  [31m  ")
        #expect(!wild.joined().contains { "\u{1B}\u{202E}\u{7}".contains($0) })
    }

    @Test("colours are only printed on request")
    func colours() throws {
        var form = CheckTextFormat()
        #expect(try !lines(report(["b.yaml": Self.route])).joined().contains("\u{1B}"))
        form.hasColours = true
        let text = try lines(report(["b.yaml": Self.route]), form)
        #expect(text.contains("\u{1B}[31m      - 202\u{1B}[0m"))
        #expect(text.contains { $0.hasPrefix("\u{1B}[1mb.yaml:14:27:\u{1B}[0m \u{1B}[31merror:\u{1B}[0m the example") })
    }

    @Test("annotations for GitHub: one a line, escaped, with what differs")
    func annotations() throws {
        let report = try report(["b,1.yaml": Self.route])
        #expect(
            report.annotations.map { $0.replacing(report.folder + "/", with: "") } == [
                "::warning file=b%2C1.yaml,line=2,col=3,title=sluice check::no rule makes jobs of kind 'spare'",
                "::error file=b%2C1.yaml,line=14,col=27,title=sluice check::the example '100%25' of the route 'r' "
                    + "has an unexpected result: it is "
                    + "stored as 1 job%0Astatus: expected 202, got 200",
            ])
    }

    @Test("one JSON document")
    func json() throws {
        let report = try report(["b.yaml": Self.route])
        let json = try #require(try JSONSerialization.jsonObject(with: Data(report.json)) as? NSDictionary)
        let file = "\(report.folder)/b.yaml"
        #expect(
            json == [
                "folder": report.folder, "ok": false, "files": 1, "kinds": 1, "routes": 1, "errors": 1, "warnings": 1,
                "secrets": [],
                "examples": ["seen": 2, "run": 2, "failed": 1],
                "problems": [
                    [
                        "file": file, "line": 2, "column": 3, "severity": "warning",
                        "message": "no rule makes jobs of kind 'spare'",
                    ],
                    [
                        "file": file, "line": 14, "column": 27, "severity": "error",
                        "message":
                            "the example '100%' of the route 'r' has an unexpected result: it is "
                            + "stored as 1 job",
                        "example": [
                            "route": "r", "name": "100%", "outcome": "stored as 1 job",
                            "differences": [
                                ["what": "status", "line": 14, "column": 27, "expected": "202", "found": "200"]
                            ],
                        ],
                    ],
                ],
            ] as NSDictionary)
    }
}
