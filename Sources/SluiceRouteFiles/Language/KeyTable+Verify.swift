internal import SluiceRoutes

/// The keys of what says that a request is genuine.
extension KeyTable {
    package static let verify = KeyTable(
        "verify", noun: "'verify'",
        keys: [
            "alg": "The algorithm of the signature.",
            "signature_from": "Where the signature stands: one reference, such as ${header.X-Signature}.",
            "signature_prefix": "What stands before the signature, such as sha256=.",
            "signature_encoding": "How the signature is written.",
            "key_encoding": "How the secrets are written; utf8 is the text itself.",
            "signature_split": "The character between several signatures in one value; any of them may match.",
            "key_strip_prefix": "What stands before each secret and is no part of it, such as whsec_.",
            "timestamp_from": "Where the time of signing stands: one reference, such as ${header.X-Timestamp}.",
            "timestamp_prefix": "What stands before the timestamp, such as t=.",
            "timestamp_format": "How the timestamp is written: seconds or milliseconds since 1970, or RFC 3339.",
            "tolerance": "How far the timestamp may be from now, 0 to 1d; 0 for any.",
            "id_from": "Where the id that is signed stands: one reference, such as ${header.X-Id}.",
            "id_pattern":
                "What ids are: a set of characters and a length, such as [0-9a-f-]{36}; of a fixed length it may "
                + "stand beside another value.",
            "signed": "The text that is signed, of references; body is the bytes as they were received.",
        ])

    package static let secret = KeyTable(
        "secret", noun: "a secret",
        keys: [
            "env": "The environment variable of the gateway that holds the secret. A change needs a restart.",
            "file":
                "The file that holds the secret; a relative path is relative to the routes folder. It is read again "
                + "when it changes.",
            "value": "The secret itself; only with --allow-inline-secrets.",
        ])
}
