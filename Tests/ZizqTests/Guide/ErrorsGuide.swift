import DevQueue
import Testing
import Zizq

extension Guide {
    @Suite struct Errors {
        @Test("the page shows the examples as they are run here")
        func page() throws { try GuidePage("errors.md").expectExamples() }

        @Test("each case says what happened")
        func cases() async throws {
            try await Guide.withQueue { store, client in
                store.setFault(.status(429, error: "busy"), count: 1)
                // example cases
                do throws(ZizqError) {
                    try await client.enqueue(SendEmail(to: "alice@example.com"))
                } catch {
                    switch error {
                    case .transport(let failure): print("no answer: \(failure.reason), \(failure.message)")
                    case .response(let answer):
                        print("rejected with \(answer.status): \(answer.serverText ?? "no text")")
                    case .decoding(let answer): print("not an answer from Zizq: \(answer.message)")
                    case .invalidArgument(let sentence): print("nothing was sent: \(sentence)")
                    }
                }
                // end
                #expect(store.statistics.faultyRequests == 1)
            }
        }

        @Test("the error's properties tell what to do, not its case")
        func questions() async throws {
            try await Guide.withQueue { store, client in
                store.setFault(.status(429, error: "busy"), count: 1)
                // example questions
                do throws(ZizqError) {
                    try await client.enqueue(SendEmail(to: "alice@example.com"))
                } catch {
                    if error.isLicence {
                        print("enqueue it without its unique key or batch")
                    } else if error.isRetryable && !error.isAmbiguous {
                        print("nothing was enqueued: retry in \(error.retryAfter ?? .seconds(1))")
                    } else if error.isAmbiguous {
                        print("it may be enqueued: check before sending it again")
                    } else {
                        throw error
                    }
                }
                // end
                #expect(store.jobCount == 0)
            }
        }

        @Test("a missing job is distinguished from a fault")
        func notFound() async throws {
            try await Guide.withQueue { _, client in
                let id = "03hafxki710pxbxgtmvmxkl9v"
                // example not found
                do throws(ZizqError) {
                    print(try await client.job(id).status)
                } catch {
                    guard error.isNotFound else { throw error }
                    print("it was completed and removed, or never existed")
                }
                // end
            }
        }

        @Test("a policy makes the client retry, for one call or for all")
        func policy() async throws {
            try await Guide.withQueue { store, client in
                store.setFault(.dropBeforeCommit, count: 2)
                // example policy for one call
                let patient = RetryPolicy(
                    tries: 5, firstDelay: .milliseconds(50), longestDelay: .seconds(2), repeatsUnknown: true)
                try await client.enqueue(SendEmail(to: "alice@example.com"), retry: patient)
                // end
                #expect(store.jobCount == 1)
                #expect(store.statistics.enqueueRequests == 3)
            }
        }

        @Test("a policy that does not repeat the unknown tries again only what was not done")
        func careful() async throws {
            try await Guide.withQueue { store, client in
                store.setFault(.status(429, error: "busy"), count: 1)
                // example careful
                let careful = RetryPolicy(tries: 5)
                try await client.enqueue(SendEmail(to: "alice@example.com"), retry: careful)
                // end
                #expect(store.statistics.enqueueRequests == 2)
                store.setFault(.dropBeforeCommit, count: 1)
                let error = await #expect(throws: ZizqError.self) {
                    try await client.enqueue(SendEmail(to: "alice@example.com"), retry: careful)
                }
                #expect(error?.isAmbiguous == true)
                #expect(store.statistics.enqueueRequests == 3)
            }
        }

        @Test("by default only jobs with a unique key are sent again")
        func keyed() async throws {
            try await Guide.withQueue(isLicensed: true) { store, client in
                store.setFault(.dropAfterCommit, count: 1)
                // example keyed
                let job = try await client.enqueue(SendWelcome(userID: 42, campaign: "spring"))
                // end
                #expect(job.duplicate, "the first try had been stored")
                #expect(store.statistics.enqueueRequests == 2 && store.jobCount == 1)
                store.setFault(.dropAfterCommit, count: 1)
                await #expect(throws: ZizqError.self) { try await client.enqueue(SendEmail(to: "alice@example.com")) }
                #expect(store.statistics.enqueueRequests == 3)
            }
        }

        @Test("the policy for repeatable calls is part of the configuration")
        func configured() {
            // example configured
            var configuration = ZizqConfiguration()
            configuration.retryPolicy = .off
            // end
            #expect(configuration.retryPolicy.tries == 1)
            #expect(RetryPolicy.standard.tries == 4 && RetryPolicy.standard.repeatsUnknown)
        }
    }
}
