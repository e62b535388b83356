internal import Foundation
import Testing

/// `sluice kinds`, and what it prints in use.
@Suite struct KindsCommandTests {
    private static let path = ProcessInfo.processInfo.environment["PATH"] ?? ""

    private static let hasPython = path.split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/python3")
    }

    private func run(
        _ program: String, _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:]
    ) async throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        let process = try ChildProcess(program, arguments, environment: environment, folder: folder.path)
        return (try await process.ending(), process.output.text, process.errors.text)
    }

    private func kinds(_ language: String, in folder: TemporaryFolder) async throws -> (
        ending: ChildProcess.Ending, output: String, errors: String
    ) {
        try await run(ProjectFiles.binary, ["kinds", "--language", language], in: folder)
    }

    @Test("prints the types of the kinds, without any secret and whatever the routes say")
    func prints() async throws {
        let folder = try TemporaryFolder()
        try folder.write(try ProjectFiles.text("Tests/Golden/Kinds/kinds.yaml"), to: "routes/kinds.yaml")
        try folder.write("routes: [ { path: /a, provider: github, secrets: [ { env: NONE } ] } ]\n", to: "routes/broken.yaml")
        let golden = [
            "swift": "Tests/ZizqTests/GeneratedKinds.swift", "typescript": "Tests/Golden/Kinds/kinds.ts",
            "rust": "Tests/Golden/Kinds/kinds.rs",
            "python": "Tests/Golden/Kinds/kinds.py",
        ]
        for (language, path) in golden {
            let (ending, output, errors) = try await kinds(language, in: folder)
            #expect(output == (try ProjectFiles.text(path)), "\(language)")
            #expect(errors.isEmpty)
            #expect(ending == .exited(0))
        }
    }

    @Test("the command that docs/reference/cli.md shows writes a file for a worker")
    func document() async throws {
        let folder = try TemporaryFolder()
        try folder.write(try ProjectFiles.text("Tests/Golden/Kinds/kinds.yaml"), to: "routes/kinds.yaml")
        try folder.putProgram(at: "bin/sluice")
        let blocks = try DocumentBlocks("docs/reference/cli.md").blocks.filter { $0.suite == "KindsCommandTests" }
        let block = try #require(blocks.first)
        #expect(blocks.count == 1)
        let shell = try await run("sh", ["-ec", block.text], in: folder, environment: ["PATH": "\(folder.file("bin")):\(Self.path)"])
        #expect(shell.ending == .exited(0), "\(shell.errors)")
        #expect(
            String(decoding: try folder.read("Kinds.swift"), as: UTF8.self)
                == (try ProjectFiles.text("Tests/ZizqTests/GeneratedKinds.swift")))
    }

    @Test("says on standard error what is wrong with kinds, and prints nothing then")
    func problems() async throws {
        let folder = try TemporaryFolder()
        try folder.write("kinds: { k: { payload: { a: strng } } }\n", to: "routes/r.yaml")
        let wrong = try await kinds("swift", in: folder)
        #expect(wrong.output.isEmpty)
        #expect(wrong.errors == "routes/r.yaml:1:29: unknown type 'strng'; did you mean 'string'?\nsluice: 1 problem in routes\n")
        #expect(wrong.ending == .exited(1))

        try folder.write("kinds: { a-b: {}, a_b: {} }\n", to: "routes/r.yaml")
        let clash = try await kinds("swift", in: folder)
        #expect(
            clash.errors == """
                routes/r.yaml:1:19: the kinds 'a-b' and 'a_b' would both be the type AB; rename one of them
                sluice: 1 problem in routes\n
                """)
        #expect(clash.output.isEmpty)
        #expect(clash.ending == .exited(1))

        try folder.write("routes: []\n", to: "routes/r.yaml")
        let none = try await kinds("swift", in: folder)
        #expect(none.errors == "sluice: no kind is declared in routes\n")
        #expect(none.ending == .exited(1))
    }

    @Test(
        "what it prints for Python makes values of payloads and payloads of values", .enabled(if: hasPython, "there is no python3 in PATH"))
    func python() async throws {
        let folder = try TemporaryFolder()
        try folder.write(try ProjectFiles.text("Tests/Golden/Kinds/kinds.yaml"), to: "routes/kinds.yaml")
        let printed = try await kinds("python", in: folder)
        #expect(printed.ending == .exited(0))
        try folder.write(printed.output, to: "kinds.py")
        try folder.write(Self.worker, to: "worker.py")
        let worker = try await run(
            "env", ["python3", "worker.py"], in: folder,
            environment: ["PATH": Self.path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"])
        #expect(worker.errors.isEmpty)
        #expect(worker.output == "fine\n")
        #expect(worker.ending == .exited(0))
    }

    private static let worker = #"""
        import json
        import kinds

        def again(name, text):
            value = kinds.KINDS[name].from_payload(json.loads(text))
            return value, json.dumps(value.to_payload(), ensure_ascii=False, separators=(",", ":"))

        deploy = '{"repository":"r","commit":"c","size":1,"pusher":{"name":"n"},"commits":[{"id":"a","author":{"name":"m","tags":["t"]}}]}'
        value, text = again("deploy_branch", deploy)
        assert text == deploy, text
        assert value.pusher == kinds.DeployBranchPusher(name="n")
        assert value.commits[0].author.tags == ["t"]
        assert value.QUEUE == "deploys" and value.PRIORITY == 100 and value.BACKOFF["exponent"] == 2.0
        value, text = again("deploy_branch", deploy.replace('{"name":"n"}', "null").replace('"size"', '"more":1,"size"'))
        assert value.pusher is None and "pusher" not in text and "more" not in text

        types = (
            '{"text":"","whole":7,"real":1.5,"flag":true,"map":{"a":[null]},"list":[1,"x"],"json":null,"nothing":{},"no_text":"x",'
            '"no_nothing":{},"texts":["a"],"gaps":[1,null],"grid":[[0.5],[]],"points":[[{"x":0.5,"y":-2.5}]],"no_rows":[{"cells":[true]}]}'
        )
        assert again("all-types", types)[1] == types, again("all-types", types)[1]

        odd = (
            '{"class":"1","type":"2","self":"3","my-field":"4","2fast":"5","élan":"6","fullName":"7","_id":"8","__proto__":"9","a\\"b":"10",'
            '"line\\nfeed":"11","🙂":"12","my_field":"13","myField":"14","String":"15","str":"16","name":"17","queue":"18","batch":"19",'
            '"uniqueKey":"20","NAME":"21","from_payload":"22","Pusher":"23","pusher":{"class":"24"},"pusher!":{"pusher":{"pusher":"25"}}}'
        )
        assert again("odd names", odd)[1] == odd, again("odd names", odd)[1]

        value, text = again("restock", '{"shop":"s","batch":"b"}')
        assert value.BATCH == {"key": "restock é", "when": "true", "fold": '$existing * $new | .n = "\\(.n)"'}, value.BATCH
        assert value.BUDGETS[1] == {"key": 'say "hi" – é', "cost": 2} and value.BUDGETS[0] == {"key": "warehouse"}
        assert value.BUDGETS[2]["create_with"]["strategy"] == {"type": "time_based", "duration_ms": 60000, "burst": 5}
        assert text == '{"shop":"s","batch":"b"}', text

        for name, text in [
            ("archive", '[{"a":1}]'), ("reindex_page", "7"), ("maybe_text", "null"), ("names", '["a"]'), ("string", '{"value":"x"}'),
            ("rows", '[{"id":1,"parts":[{},{"id":2}]}]'), ("--", "{}"), ("2fast", '{"class":"x"}'), ("élan", '{"value":"x"}'),
        ]:
            assert again(name, text)[1] == text, name
        assert set(kinds.KINDS) == {value.NAME for value in kinds.KINDS.values()}
        print("fine")
        """#
}
