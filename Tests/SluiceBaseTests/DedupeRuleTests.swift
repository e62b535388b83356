import SluiceBase
import Testing

@Suite(.serialized) struct DedupeRuleTests {
    /// Bodies that were accepted with one key, the oldest first; each supersedes the one before.
    private struct History {
        let bodies: [UInt64?]

        func holder(_ row: Int64) -> DedupeRule.Holder? {
            guard bodies.indices.contains(Int(row)) else { return nil }
            return DedupeRule.Holder(
                row: row, deliveryID: "d\(row)", generation: row, bodyHash: bodies[Int(row)].map(hash),
                supersedes: row == 0 ? nil : row - 1)
        }

        func verdict(on body: UInt64, _ policy: ChangedBodyPolicy, isForgotten: Bool = false) throws
            -> DedupeRule.Verdict
        {
            let newest = try #require(holder(Int64(bodies.count - 1)))
            return DedupeRule(policy).verdict(on: hash(body), newest: newest, isForgotten: isForgotten) {
                bodies.dropLast().lastIndex(of: body).flatMap { holder(Int64($0)) }
            }
        }

        private func hash(_ body: UInt64) -> Fingerprint { Fingerprint(high: 0, low: body) }
    }

    @Test("the same body is a duplicate of the delivery that had it", arguments: ChangedBodyPolicy.allCases)
    func sameBody(policy: ChangedBodyPolicy) throws {
        let history = History(bodies: [1, 2, 3])
        for (row, body) in [(0, 1), (1, 2), (2, 3)] as [(Int64, UInt64)] {
            let holder = try #require(history.holder(row))
            #expect(try history.verdict(on: body, policy) == .duplicate(of: holder, changedBody: false))
        }
    }

    @Test("another body has the effect that the route sets")
    func otherBody() throws {
        let history = History(bodies: [1, 2])
        let newest = try #require(history.holder(1))
        #expect(try history.verdict(on: 9, .duplicate) == .duplicate(of: newest, changedBody: true))
        #expect(try history.verdict(on: 9, .accept) == .store(generation: 2, supersedes: 1))
        #expect(try history.verdict(on: 9, .deadLetter) == .deadLetter(generation: 2, supersedes: 1))
    }

    @Test("a key that no longer holds is new, and its jobs get the next generation", arguments: [1, 9] as [UInt64])
    func forgotten(body: UInt64) throws {
        for policy in ChangedBodyPolicy.allCases {
            let verdict = try History(bodies: [1]).verdict(on: body, policy, isForgotten: true)
            #expect(verdict == .store(generation: 1, supersedes: nil) && !verdict.isChangedBody)
        }
    }

    @Test("a holder whose body is not known is one with another body")
    func unknown() throws {
        #expect(try History(bodies: [1, nil]).verdict(on: 1, .accept).isDuplicate)
        #expect(try History(bodies: [nil]).verdict(on: 1, .accept) == .store(generation: 1, supersedes: 0))
    }

    @Test("what is stored and whether the body changed follow from the verdict")
    func facts() throws {
        let holder = try #require(History(bodies: [1]).holder(0))
        let cases: [(DedupeRule.Verdict, duplicate: Bool, changed: Bool)] = [
            (.new, false, false), (.store(generation: 1, supersedes: 0), false, true),
            (.deadLetter(generation: 1, supersedes: 0), false, true),
            (.duplicate(of: holder, changedBody: false), true, false),
            (.duplicate(of: holder, changedBody: true), true, true),
        ]
        for (verdict, duplicate, changed) in cases {
            #expect(verdict.isDuplicate == duplicate && verdict.isChangedBody == changed)
        }
    }

    @Test("the key of a job is marked from the first repetition on, but not one that a rule wrote")
    func marks() {
        let job = Job(type: "t", queue: "q", uniqueKey: "k", payload: [])
        #expect([0, 1, 12].map { job.marked(generation: $0).uniqueKey } == ["k", "k~1", "k~12"])
        for (key, first) in [
            ("k~1", "k~1~0"), ("k~1~0", "k~1~0~0"), ("~7", "~7~0"), ("k~", "k~"), ("k1", "k1"), ("", ""),
        ] {
            let job = Job(type: "t", queue: "q", uniqueKey: key, payload: [])
            #expect(job.marked(generation: 0).uniqueKey == first)
            #expect(job.marked(generation: 1).uniqueKey == "\(key)~1")
        }
        let own = Job(type: "t", queue: "q", uniqueKey: "k", hasOwnKey: true, payload: [])
        #expect(own.marked(generation: 3) == own)
        let keyless = Job(type: "t", queue: "q", payload: [])
        #expect(keyless.marked(generation: 3) == keyless)
    }
}
