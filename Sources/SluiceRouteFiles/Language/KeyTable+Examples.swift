internal import SluiceRoutes

/// The keys of a route's examples.
extension KeyTable {
    package static let example = KeyTable(
        "example", noun: "an example",
        keys: [
            "name": "What the example shows; stands in what sluice check prints.",
            "method": "The method of the request.",
            "path": "The path of the request; needed where the route's has parameters.",
            "query": "The query of the request: its text, or names with values.",
            "headers": "The headers of the request.",
            "body": "The body of the request, as JSON.",
            "body_text": "The body of the request as a text.",
            "body_file": "The file with the body of the request, inside the routes folder.",
            "signed": "Whether the request is signed on the way in, with a secret of its own.",
            "secret": "The secret that the request's own signature was made with.",
            "clock":
                "The time at which the request comes in, such as 2026-11-25T08:00:00Z, or milliseconds since 1970.",
            "remote_address": "The address that the request comes from.",
            "expect": "What must come of it; what is left out may be anything.",
        ])

    package static let expectation = KeyTable(
        "expectation", noun: "'expect'",
        keys: [
            "status": "The status of the answer.",
            "duplicate": "Whether the delivery is taken for a duplicate.",
            "jobs": "The jobs that come out, in order; of each what it must have.",
            "dead_letters": "The reasons of the dead letters that come out, in order, or how many there are.",
            "reply": "What the answer must have.",
            "refused": "The error code with which the request is refused.",
        ])

    package static let expectedJob = KeyTable(
        "expected_job", noun: "a job of 'expect'",
        keys: [
            "type": "The job's type.",
            "payload": "What the payload must have: of a mapping these keys, everything else as it is.",
            "ready_at": "When the job may run, in milliseconds since 1970 or as a time.",
            "unique_key": "The key that Zizq gets.",
        ],
        sharing: jobOptions,
        hints: [
            "kind": "the kind's name is the 'type' of the job",
            "delay": "say 'ready_at', which counts from the example's 'clock'",
        ])

    package static let expectedReply = KeyTable(
        "expected_reply", noun: "'reply' of 'expect'",
        keys: [
            "headers": "Headers that the answer must have, with their values.",
            "body": "The body of the answer: a text, or a value that it must be as JSON.",
        ])
}
