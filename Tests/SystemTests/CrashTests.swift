import DevQueue
import Testing

/// `kill -9` under load, and a new start on the same outbox.
@Suite(.serialized) struct CrashTests {
    /// `make crash` has more rounds, with more faults.
    private static let rounds = 2
    private static let perRound = 2000

    @Test(
        "every webhook that was answered 2xx is in the queue at the end, with a licence exactly once",
        arguments: [true, false])
    func killed(isLicensed: Bool) async throws {
        let queue = try await TestQueue.start(isLicensed: isLicensed)
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        var accepted: Set<Int> = []
        for round in 0..<Self.rounds {
            let setup = GatewaySetup(settings: ["log.level": "info"], queue: queue.url, folder: folder)
            let numbers = (round * Self.perRound + 1)...((round + 1) * Self.perRound)
            try await GatewayUnderTest.run(setup) { gateway in
                let process = gateway.process
                let moment = Int.random(in: 1...(Self.perRound / 2))
                let result = try await gateway.load(numbers, clients: 8) { if $0 == moment { process.kill() } }
                #expect(try await process.ending() == .signalled(9))
                #expect(result.count == result.numbers(200).count)
                #expect(result.count >= moment)
                accepted.formUnion(result.numbers(200))
            }
            try await GatewayUnderTest.run(setup) { gateway in
                let known = accepted.filter { numbers.contains($0) }.sorted().suffix(100)
                for number in known {
                    let answer = try await gateway.answer(to: .numbered(number))
                    #expect(answer.status == 200 && answer.text.contains(#""duplicate":true"#), "\(number): \(answer)")
                }
                // What got no answer is sent again, as every provider does.
                let rest = numbers.filter { !accepted.contains($0) }.prefix(200)
                #expect(try await gateway.send(rest).allSatisfy { $0 == 200 })
                accepted.formUnion(rest)
                #expect(try await gateway.stop() == .exited(0))
            }
        }
        let arrived = queue.numbers
        #expect(accepted.isSubset(of: Set(arrived)), "lost: \(accepted.subtracting(arrived).sorted().prefix(10))")
        if isLicensed { #expect(Set(arrived).count == arrived.count, "some came twice") }
        await queue.stop()
    }
}
