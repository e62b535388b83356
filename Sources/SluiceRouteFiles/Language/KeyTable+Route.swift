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
                "The path of the requests, such as /github. A segment in braces is a parameter: "
                + "/github/{tenant}.",
            "methods": "The accepted methods; others are answered 405.",
            "allow_from": "The addresses and blocks of addresses that may send; others are answered 403.",
            "provider": "A built-in preset for the verifier, the unique key, the event and the body format.",
            "verify": "How requests are verified: a mapping, which overrides the provider's preset, or the word none.",
            "secrets":
                "The secrets for signatures. Any of them may match, so that a secret can be replaced without a gap.",
            "public_url":
                "The URL of this route as the provider knows it, such as https://hooks.example.com; with a path if a "
                + "proxy changes it.",
            "rate": "The maximum rate of verified requests; more are answered 429.",
            "body":
                "The format of the body; auto is JSON, or follows the Content-Type if the signature covers that header "
                + "or nothing is verified.",
            "body_limit": "The maximum body size, 1KiB to 100MiB; a larger body is answered 413.",
            "gzip": "Whether to accept bodies with the Content-Encoding gzip.",
            "content_types":
                "The accepted media types, such as application/json or text/*; others are answered 415.",
            "on_unreadable": "What to do with a body that cannot be parsed: a dead letter, or a refusal with 422.",
            "event": "The name of the event, a text with references, for conditions on event.",
            "each":
                "A reference to an array whose elements become separate jobs, or the word lines for a body of JSON "
                + "lines.",
            "unique_key": """
            What tells one delivery from the next: a text with references, or a list of them. A delivery whose key \
            was seen before makes \
            no job.
            """,
            "unique_key_missing": "What to do with a delivery that has no unique key.",
            "on_changed_body": "What to do with a delivery whose unique key was seen with another body.",
            "dedupe_window": "How long a unique key is remembered after receipt, 1m to 90d.",
            "jobs": "The rules, tried in order, that decide which job a delivery becomes.",
            "match": "Whether the first rule that matches makes the job, or each one that matches.",
            "otherwise": "What to do with a delivery that no rule matches.",
            "on_mismatch":
                "What to do with a payload that does not match its kind: a dead letter, or a refusal with 422.",
            "reply": "The answer to a success.",
            "keep_request": "Whether to keep the request, without its credentials, together with its jobs.",
            "examples": "Example requests with expected results, which sluice check runs.",
        ])

    package static let rate = KeyTable(
        "rate", noun: "'rate'",
        keys: [
            "limit": "How many requests are added to the bucket in each period, 1 to 1000000.",
            "per": "The period, 1ms to 1d.",
            "burst": "How many requests the bucket holds, 1 to 1000000; default: the limit.",
        ])

    package static let reply = KeyTable(
        "reply", noun: "'reply'",
        keys: [
            "status": "The status of the answer, 200 to 299; with 204 and 205 it is empty.",
            "headers": "Headers of the answer: names with texts, which may contain references.",
            "body": "The body of the answer: a text, or a mapping or list that is sent as JSON. At most 16 KiB.",
        ])
}
