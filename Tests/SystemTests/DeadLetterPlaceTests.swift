import SluiceBase
import SluiceOutbox
import Testing

/// What the command line says of dead letters that are about a part of their delivery.
@Suite struct DeadLetterPlaceTests {
    private func run(_ arguments: String..., in folder: TemporaryFolder) async throws -> String {
        let process = try ChildProcess(
            ProjectFiles.binary, arguments + ["--outbox-path", "outbox.db"], environment: [:], folder: folder.path)
        #expect(try await process.ending() == .exited(0))
        return process.output.text.replacing(/\d{4}-\d\d-\d\dT[\d:.]+Z/, with: "TIME").replacing(#/ {2,}/#, with: "  ")
    }

    /// An outbox at rest with a dead letter for each of these places.
    private func fill(_ folder: TemporaryFolder, _ places: [(element: Int?, rule: Int?)]) throws {
        let store = try OutboxStore(OutboxConfiguration(path: folder.file("outbox.db")), time: SystemTime())
        let letters = places.map {
            DeadLetter(
                reason: .badField, detail: "the queue is empty",
                share: DeliveryShare(element: $0.element, rule: $0.rule))
        }
        let part = Delivery.Part(key: nil, bodyHash: Fingerprint(high: 1, low: 2), jobs: [], deadLetters: letters)
        let request = Array("POST /adyen HTTP/1.1\r\nhost: x\r\n\r\n[1,2,3]".utf8)
        let delivery = Submission(
            Delivery(
                id: "D", route: "adyen", receivedAtMilliseconds: 1_763_900_000_000, dedupeWindow: .seconds(60),
                parts: [part], request: request), origin: 0, ticket: 0, enqueuedAtNanoseconds: 0)
        #expect(
            store.commit([delivery]).map(\.outcome)
                == [.stored(jobs: 0, deadLetters: letters.map(\.reason), duplicates: 0, changedBody: false)])
        store.close()
    }

    @Test(
        "`dead list` and `dead show` name the element and the rule, counted from 1, and the request that several letters share"
    )
    func words() async throws {
        let folder = try TemporaryFolder()
        try fill(folder, [(2, 0), (nil, 1), (0, nil), (nil, nil)])
        #expect(
            try await run("dead", "list", in: folder) == """
                LETTER  DIED  ROUTE  REASON  HOLDS  DELIVERY  DETAIL
                1  TIME  adyen  bad_field  request  D  element 3, rule 1: the queue is empty
                2  TIME  adyen  bad_field  request  D  rule 2: the queue is empty
                3  TIME  adyen  bad_field  request  D  element 1: the queue is empty
                4  TIME  adyen  bad_field  request  D  the queue is empty\n
                """)
        #expect(
            try await run("dead", "show", "1", in: folder) == """
                letter  1
                reason  bad_field: the queue is empty
                delivery  D
                route  adyen
                received  TIME
                died  TIME
                about  element 3, rule 1
                rule  not recorded by the version that stored it
                request
                POST /adyen HTTP/1.1
                host: x

                [1,2,3]\n
                """)
        let json = try await run("dead", "show", "2", "--json", in: folder)
        #expect(json.contains(#""rule":2"#) && !json.contains("element"), "\(json)")
    }
}
