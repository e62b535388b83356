import Testing
import Zizq

extension Guide {
    // example a kind with budgets
    struct Charge: JobKind {
        static let name = "charge"
        static let budgets: [BudgetBinding] = ["stripe", BudgetBinding("audit", cost: 2)]

        var invoice: String
    }
    // end

    @Suite struct Budgets {
        @Test("the page shows the examples as they are run here")
        func page() throws { try GuidePage("budgets.md").expectExamples() }

        @Test("a job's budgets are its kind's, unless an override says others")
        func budgets() async throws {
            let requests = try await Guide.recording { client in
                // example overrides
                let charge = Charge(invoice: "2026-0042")
                try await client.enqueue(charge)  // stripe 1, audit 2
                let audit = BudgetBinding("audit", cost: 5)
                try await client.enqueue(Enqueue(charge).budget("bank").budget(audit))  // bank 1, audit 5
                try await client.enqueue(Enqueue(charge).budgets(["bank"]))  // bank 1
                try await client.enqueue(Enqueue(charge).clearBudgets())  // none
                // end
            }
            let payload = #"{"type":"charge","queue":"default","payload":{"invoice":"2026-0042"}"#
            #expect(
                requests.map(\.body) == [
                    payload + #","budgets":[{"key":"stripe"},{"key":"audit","cost":2}]}"#,
                    payload + #","budgets":[{"key":"bank"},{"key":"audit","cost":5}]}"#,
                    payload + #","budgets":[{"key":"bank"}]}"#,
                    payload + "}",
                ])
        }

        @Test("a budget may be made along with the job")
        func create() async throws {
            let requests = try await Guide.recording { client in
                // example create
                let atOnce = BudgetPolicy(allocation: 3, .whileInFlight)
                let perMinute = BudgetPolicy(allocation: 100, .timeBased(.seconds(60), burst: 10))
                let job = Enqueue(SendEmail(to: "alice@example.com"))
                    .budget(BudgetBinding("smtp", createWith: atOnce))
                    .budget(BudgetBinding("newsletter", createWith: perMinute))
                try await client.enqueue(job)
                // end
            }
            let smtp = #"{"key":"smtp","create_with":{"allocation":3,"strategy":{"type":"while_in_flight"}}}"#
            let newsletter = #"{"type":"time_based","duration_ms":60000,"burst":10}"#
            let body = try #require(requests.first).body
            #expect(
                body.contains(
                    #""budgets":[\#(smtp),{"key":"newsletter","create_with":{"allocation":100,"strategy":\#(newsletter)}}]"#
                ))
        }

        @Test("a job has the budgets that the server returned")
        func answer() async throws {
            let answer = RecordingServer.job.replacing("}", with: #","budgets":[{"key":"stripe","cost":2}]}"#)
            _ = try await Guide.recording(answer: answer) { client in
                // example answer
                let job = try await client.enqueue(Charge(invoice: "2026-0042"))
                print(job.budgets.isEmpty ? "no budget support" : "\(job.budgets.count) budgets hold it")
                // end
                #expect(job.budgets == [BudgetBinding("stripe", cost: 2)])
            }
        }
    }
}
