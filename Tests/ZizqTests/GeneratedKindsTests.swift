import DevQueue
import Testing
import Zizq

/// The types that `sluice kinds --language swift` prints for `Tests/Golden/Kinds/kinds.yaml`, in use.
@Suite struct GeneratedKindsTests {
    /// Has a worker take this payload, and enqueues what it read.
    ///
    /// - Returns: the result at the queue.
    private func again<Kind: JobKind>(_ payload: String, as kind: Kind.Type) async throws -> (
        value: Kind, payload: String
    ) {
        var found: (Kind, String)?
        try await QueueFixture.run { queue, client in
            let queueName = Kind.queue.replacing("\"", with: "\\\"")
            try await client.enqueue(
                RawJob(Array(#"{"type":"\#(Kind.name)","queue":"\#(queueName)","payload":\#(payload)}"#.utf8)))
            var jobs = client.take(kind).makeAsyncIterator()
            let taken = try #require(try await jobs.next())
            try await client.success(taken.id)
            try await client.enqueue(taken.value)
            found = (taken.value, try #require(queue.payloads.last))
        }
        return try #require(found)
    }

    @Test("a payload round-trips; fields that the kind does not name are left out, and null is absent")
    func object() async throws {
        let payload = #"""
            {"repository":"octo/hello","commit":"f95f","size":-3,"pusher":{"name":"mona","email":null,"more":1},"ref":"x",
             "commits":[{"id":"a"},{"id":"b","author":{"name":"é","tags":["x","y"]}}]}
            """#
        let (value, again) = try await again(payload, as: DeployBranch.self)
        #expect(
            value
                == DeployBranch(
                    repository: "octo/hello", commit: "f95f", size: -3, pusher: .init(name: "mona"),
                    commits: [.init(id: "a"), .init(id: "b", author: .init(name: "é", tags: ["x", "y"]))]))
        #expect(
            again == #"{"repository":"octo/hello","commit":"f95f","size":-3,"pusher":{"name":"mona"},"#
                + #""commits":[{"id":"a"},{"id":"b","author":{"name":"é","tags":["x","y"]}}]}"#)
    }

    @Test("every type takes what its JSON can be")
    func types() async throws {
        let payload =
            #"{"text":"","whole":9223372036854775807,"real":1.5,"flag":true,"map":{"a":[null,{"b":false}]},"list":[1,"x",2.5],"json":null,"#
            + #""nothing":{},"no_map":{"a":1},"no_list":[[]],"no_json":{"x":"y"},"no_nothing":{},"texts":["a"],"gaps":[1,null],"grid":[[0.5],[]],"#
            + #""points":[[{"x":0.5,"y":-2.5}]],"no_rows":[{"cells":[true,null]}]}"#
        let (value, again) = try await again(payload, as: AllTypes.self)
        #expect(value.map == ["a": .array([.null, .object(["b": .bool(false)])])])
        #expect(value.list == [.integer(1), .string("x"), .number(2.5)])
        #expect(value.json == .null)
        #expect(value.gaps == [1, nil])
        #expect(again == payload)
    }

    @Test("names that Swift does not take are other names here, and the fields' own in the payload")
    func names() async throws {
        let payload =
            #"{"class":"1","type":"2","self":"3","my-field":"4","2fast":"5","élan":"6","fullName":"7","_id":"8","__proto__":"9","a\"b":"10","#
            + #""🙂":"11","my_field":"12","myField":"13","String":"14","init":"15","name":"16","queue":"17","batch":"18","uniqueKey":"19","#
            + #""NAME":"20","from_payload":"21","Pusher":"22","pusher":{"class":"23"},"pusher!":{"pusher":{"pusher":"24"}}}"#
        let (value, again) = try await again(payload, as: OddNames.self)
        #expect(value.class == "1")
        #expect(value.self_ == "3")
        #expect(value.myField == "4")
        #expect(value.myField_2 == "13")
        #expect(value.batch == "18")
        #expect(value.pusher_2.pusher.pusher == "24")
        #expect(again == payload)
    }

    @Test("batch and budgets are those of the kind; a field that is called batch has another name here")
    func licensed() async throws {
        #expect(
            Restock.budgets == [
                "warehouse", BudgetBinding("say \"hi\" – é", cost: 2),
                BudgetBinding(
                    "mail", cost: 0, createWith: BudgetPolicy(allocation: 100, .timeBased(.seconds(60), burst: 5))),
                BudgetBinding("hourly", createWith: BudgetPolicy(allocation: 1, .timeBased(.seconds(3600)))),
                BudgetBinding("slots", createWith: BudgetPolicy(allocation: 3, .whileInFlight)),
            ])
        let restock = Restock(shop: "s", batch_: "b")
        #expect(restock.batch == Batch(key: "restock é", when: "true", fold: #"$existing * $new | .n = "\(.n)""#))
        try await QueueFixture.run(isLicensed: true) { queue, client in
            let job = try await client.enqueue(restock)
            // The development queue knows no budgets, as Zizq 0.6 does not.
            #expect(job.batch == restock.batch)
            #expect(queue.payloads == [#"{"shop":"s","batch":"b"}"#])
        }
        #expect(Tick(7).batch == Batch(key: "tick", when: "true", fold: "$new"))
    }

    @Test("a payload that is not an object is the value itself")
    func wrapped() async throws {
        #expect(
            try await again(#"[{"a":1}]"#, as: Archive.self).value == Archive(.array([.object(["a": .integer(1)])])))
        #expect(try await again("7", as: ReindexPage.self) == (ReindexPage(7), "7"))
        #expect(try await again("null", as: MaybeText.self) == (MaybeText(nil), "null"))
        #expect(try await again(#""x""#, as: MaybeText.self) == (MaybeText("x"), #""x""#))
        #expect(try await again(#"["a","b"]"#, as: Names.self) == (Names(["a", "b"]), #"["a","b"]"#))
        #expect(
            try await again(#"[{"id":1,"parts":[{},{"id":2}]}]"#, as: Rows.self).payload
                == #"[{"id":1,"parts":[{},{"id":2}]}]"#)
        #expect(try await again("{}", as: UnnamedJob.self) == (UnnamedJob(), "{}"))
        #expect(try await again(#"{"value":"x"}"#, as: StringJob.self).value.value == "x")
        #expect(try await again(#"{"value":"x"}"#, as: Élan.self).value == Élan(value: "x"))
    }

    @Test("the kind's options are sent with its jobs")
    func constants() async throws {
        try await QueueFixture.run { queue, client in
            try await client.enqueue(DeployBranch(repository: "r", commit: "c", size: 1, commits: []))
            let job = try #require(queue.store.jobs.first)
            #expect(job.type == "deploy_branch")
            #expect(job.queue == "deploys")
            #expect(job.priority == 100)
            #expect(job.retryLimit == 5)
        }
        #expect(DeployBranch.backoff == Backoff(base: .seconds(1), exponent: 2, jitter: .milliseconds(500)))
        #expect(DeployBranch.retention == Retention(completed: .seconds(3600), dead: .seconds(30 * 86_400)))
        #expect(DeployBranch.uniqueWhile == .exists)
        #expect(MaybeText.retention == Retention(dead: .seconds(86_400)))
        #expect(Names.backoff == Backoff(base: .zero, exponent: 0.1, jitter: .milliseconds(1)))
        #expect(AllTypes.queue == "default")
        #expect(OddNames.queue == #"say "hi" – é"#)
    }
}
