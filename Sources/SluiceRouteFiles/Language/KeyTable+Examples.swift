internal import SluiceRoutes

/// The keys of a route's examples.
extension KeyTable {
    package static let example = KeyTable(
        "example", noun: "an example",
        keys: [
            "name": "What the example shows; printed by sluice check.",
            "method": "The method of the request.",
            "path": "The path of the request; required if the route's path has parameters.",
            "query": "The query of the request: its text, or names with values.",
            "headers": "The headers of the request.",
            "body": "The body of the request, as JSON.",
            "body_text": "The body of the request as a text.",
            "body_file": "The file with the body of the request, inside the routes folder.",
            "signed": "Whether to sign the request, with a generated secret.",
            "secret": "The secret with which the request's signature was made.",
            "clock":
                "The time at which the request comes in, such as 2026-11-25T08:00:00Z, or milliseconds since 1970.",
            "remote_address": "The address that the request comes from.",
            "expect": "The expected result; anything left out is not checked.",
        ])

    package static let expectation = KeyTable(
        "expectation", noun: "'expect'",
        keys: [
            "status": "The status of the answer.",
            "duplicate": "Whether the delivery is a duplicate.",
            "jobs": "The resulting jobs, in order; for each the expected fields.",
            "dead_letters": "The reasons of the resulting dead letters, in order, or their number.",
            "reply": "The expected answer.",
            "refused": "The error code with which the request is refused.",
        ])

    package static let expectedJob = KeyTable(
        "expected_job", noun: "a job of 'expect'",
        keys: [
            "type": "The job's type.",
            "payload": "The expected payload: a mapping must contain these keys; other values must be equal.",
            "ready_at": "When the job may run, in milliseconds since 1970 or as a time.",
            "unique_key": "The key that Zizq gets.",
        ],
        sharing: jobOptions,
        hints: [
            "kind": "the kind's name is the 'type' of the job",
            "delay": "use 'ready_at', relative to the example's 'clock'",
        ])

    package static let expectedReply = KeyTable(
        "expected_reply", noun: "'reply' of 'expect'",
        keys: [
            "headers": "Headers that the answer must have, with their values.",
            "body": "The body of the answer: a text, or a value that it must be as JSON.",
        ])
}
