import SluiceBase
import SluiceJSON
import SluiceOutbox
import Testing

@testable import SluiceGateway

/// The lines of `sluice dead export`, which may come from anywhere when they are imported.
@Suite("an exported dead letter")
struct ExportedDeadLetterTests {
    typealias Letter = ControlDocuments.ExportedDeadLetter

    private static let job = Job(
        type: "t", queue: "q", options: JobOptions(stored: Array(#""priority":5,"retention":{"dead_ms":1}"#.utf8)),
        uniqueKey: "r:1", uniqueWhile: .queued, payload: Array(#"{"a":1}"#.utf8))

    private static func content(_ job: Job?, copy: Int = 0) -> DeadLetterContent {
        let letter = DeadLetterListing(
            deliveryID: "01ARZ3", route: "r", receivedAtMilliseconds: 5, diedAtMilliseconds: 6, reason: "buried",
            detail: "x", jobType: job?.type, element: 0, rule: 1,
            madeBy: RuleIdentity(kind: "k", type: nil, queue: nil, digest: Fingerprint(high: 1, low: 2)))
        return DeadLetterContent(
            letter: letter, job: job, request: job == nil ? [1, 2, 3] : nil,
            origin: .init(
                key: Fingerprint(high: 3, low: 4), bodyHash: Fingerprint(high: 5, low: 6), window: 7, generation: 8),
            copy: copy)
    }

    private static func letter(_ change: (inout Letter) -> Void) -> Letter {
        var letter = Letter(content(job))
        change(&letter)
        letter.checksum = letter.ownChecksum
        return letter
    }

    @Test(
        "reads back as what was exported",
        arguments: [content(job), content(nil), content(job, copy: 2), content(full)])
    func roundTrip(content: DeadLetterContent) throws {
        let letter = Letter(content)
        #expect(letter.format == (content.copy > 0 ? 2 : 1))
        let read = try ControlCoding.decode(Letter.self, ControlCoding.encode(letter)).content()
        #expect(read == content)
    }

    private static let full = Job(
        type: "t", queue: "q",
        options: JobOptions(
            stored: Array(
                (#""priority":5,"ready_at":1,"retry_limit":0,"backoff":{"base_ms":1,"exponent":2.0,"jitter_ms":0},"#
                    + #""retention":{},"budgets":[{"key":"b","cost":2,"create_with":{"allocation":3,"#
                    + #""strategy":{"type":"time_based","duration_ms":4,"burst":5}}}],"#
                    + #""batch":{"key":"k","when":"true","fold":"."}"#).utf8)), payload: Array("1".utf8))

    private static func job(_ change: (inout Letter.Job) -> Void) -> Letter {
        letter { letter in
            guard var job = letter.job else { return }
            change(&job)
            letter.job = job
        }
    }

    @Test(
        "is refused with the name of a value that no outbox or route writes",
        arguments: [
            (letter { $0.receivedAt = .max }, "its received_at cannot be \(Int64.max)"),
            (letter { $0.receivedAt = -1 }, "its received_at cannot be -1"),
            (letter { $0.diedAt = .min }, "its died_at cannot be \(Int64.min)"),
            (letter { $0.window = .max }, "its window cannot be \(Int64.max)"),
            (letter { $0.window = -1 }, "its window cannot be -1"),
            (letter { $0.generation = .max }, "its generation cannot be \(Int64.max)"),
            (letter { $0.element = .min }, "its element cannot be \(Int64.min)"),
            (letter { $0.rule = 0 }, "its rule cannot be 0"),
            (letter { $0.copy = -1 }, "its copy cannot be -1"),
            (letter { $0.key = "0" }, "its key is not a hash in hex"),
            (letter { $0.bodyHash = "zz" }, "its body_hash is not a hash in hex"),
            (letter { $0.ruleDigest = "" }, "its rule_digest is not a hash in hex"),
            (letter { $0.route = "" }, "its route is not a name"),
            (letter { $0.reason = "of_a_newer\u{1B}" }, #"its reason 'of_a_newer\u{1b}' is not known to this version"#),
            (job { $0.type = "" }, "its job: type must not be empty"),
            (job { $0.queue = long(256) }, "its job: queue must not have more than 255 bytes"),
            (job { $0.uniqueKey = long(256) }, "its job: unique_key must have 1 to 255 bytes"),
            (job { $0.uniqueWhile = "ever" }, "its job: unique_while is unknown"),
            (
                job { $0.options = #""batch":{"key":"k","when":"true","fold":"."}"# },
                "its job: it has a batch and a unique_key"
            ),
            (job { $0.payload = "" }, "its job: payload is not one JSON value: there is no value at byte 0"),
            (
                job { $0.payload = #"1},{"type":"t","queue":"q","payload":2"# },
                "its job: payload is not one JSON value: there is text after the value at byte 1"
            ),
            (
                job { $0.payload = String(repeating: "[", count: 125) + String(repeating: "]", count: 125) },
                "its job: payload is not one JSON value: the nesting is deeper than 124 levels at byte 124"
            ),
            (job { $0.options = #""unique_key":"x""# }, "its job: options do not allow unique_key or its value"),
            (job { $0.options = #""priority":65536"# }, "its job: options do not allow priority or its value"),
            (job { $0.options = #""backoff":5"# }, "its job: options do not allow backoff or its value"),
            (job { $0.options = #""backoff":{"x":1}"# }, "its job: options do not allow backoff or its value"),
            (
                job { $0.options = #""backoff":{"base_ms":1,"exponent":101,"jitter_ms":1}"# },
                "its job: options do not allow backoff or its value"
            ),
            (
                job { $0.options = #""retention":{"dead_ms":"x"}"# },
                "its job: options do not allow retention or its value"
            ),
            (
                job {
                    $0.uniqueKey = nil
                    $0.options = #""batch":{}"#
                }, "its job: options do not allow batch or its value"
            ),
            (job { $0.options = #""budgets":[{"cost":1}]"# }, "its job: options do not allow budgets or its value"),
            (job { $0.options = #""priority":"1""# }, "its job: options do not allow priority or its value"),
            (job { $0.options = " " }, "its job: options have no member"),
            (job { $0.options = #""priority":1,"priority":2"# }, "its job: the option priority occurs twice"),
            (
                job { $0.options = #""priority":1},{"a":2"# },
                "its job: options are not members of one JSON object: there is text after the value at byte 14"
            ),
            (
                job { $0.options = #","priority":1"# },
                "its job: options are not members of one JSON object: expected a key in double quotes at byte 1"
            ),
        ])
    func refused(letter: Letter, sentence: String) {
        let error = #expect(throws: StartupError.self) { try letter.content() }
        #expect(error?.sentence == sentence)
    }
}

private func long(_ count: Int) -> String { String(repeating: "q", count: count) }
