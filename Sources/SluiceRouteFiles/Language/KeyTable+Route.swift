internal import SluiceRoutes

/// The keys of a route and of the small mappings in it.
extension KeyTable {
    package static let route = KeyTable(
        "route", noun: "a route",
        keys: [
            "name": """
            Stands in logs and metrics and is the scope of unique keys; 1 to 100 bytes, unique. Without it the path \
            is the name. Keep it \
            when you move a path.
            """,
            "path":
                "The path that requests must have, such as /github. A segment in braces is a parameter: "
                + "/github/{tenant}.",
            "methods": "The methods that are taken; others are answered 405.",
            "allow_from": "The addresses and blocks of addresses that may send; others are answered 403.",
            "provider": "A built-in preset: it brings the verifier, the unique key, the event and how bodies are read.",
            "verify": "How requests are verified: a mapping, which goes over the provider's preset, or the word none.",
            "secrets":
                "What signatures are made with. Any of them may match, so that a secret can be replaced without a gap.",
            "public_url":
                "How the provider sees this route, such as https://hooks.example.com; with a path where a proxy "
                + "changes it.",
            "rate": "How many verified requests are taken in a time; more are answered 429.",
            "body": "How the body is read; auto goes by the Content-Type.",
            "body_limit": "The largest body that is taken, 1KiB to 100MiB; a larger one is answered 413.",
            "gzip": "Whether bodies with the Content-Encoding gzip are taken.",
            "content_types":
                "The media types that are taken, such as application/json or text/*; others are answered 415.",
            "on_unreadable": "What becomes of a body that is not of its kind: a dead letter, or a refusal with 422.",
            "event": "A text with references that says what the event is, for conditions on event.",
            "each":
                "A reference to an array of which each element becomes a job, or the word lines for a body of JSON "
                + "lines.",
            "unique_key": """
            What tells one delivery from the next: a text with references, or a list of them. A delivery whose key \
            was seen before makes \
            no job.
            """,
            "unique_key_missing": "What becomes of a delivery that has no unique key.",
            "on_changed_body": "What becomes of a delivery whose unique key was seen with another body.",
            "dedupe_window": "How long a unique key is remembered, 1m to 90d from the receipt.",
            "jobs": "The rules, tried in order, that say which job comes of a delivery.",
            "match": "Whether the first rule that matches makes the job, or each one that matches.",
            "otherwise": "What becomes of a delivery that no rule matches.",
            "on_mismatch":
                "What becomes of a payload that does not fit its kind: a dead letter, or a refusal with 422.",
            "reply": "How a success is answered.",
            "keep_request": "Whether the request, without its credentials, is kept beside its jobs.",
            "examples": "Requests and what must come of them; sluice check runs them.",
        ])

    package static let rate = KeyTable(
        "rate", noun: "'rate'",
        keys: [
            "limit": "How many requests come back into the bucket in each period, 1 to 1000000.",
            "per": "The period, 1ms to 1d.",
            "burst": "How many requests the bucket holds, 1 to 1000000; as many as the limit unless said.",
        ])

    package static let reply = KeyTable(
        "reply", noun: "'reply'",
        keys: [
            "status": "The status of the answer, 200 to 299; with 204 and 205 it is empty.",
            "headers": "Headers of the answer: names with texts, which may hold references.",
            "body": "The body of the answer: a text, or a mapping or list that goes as JSON. At most 16 KiB.",
        ])
}
