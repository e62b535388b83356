internal import SluiceRoutes

/// The keys of `verify` and `secrets`.
extension KeyTable {
    package static let verify = KeyTable(
        "verify", noun: "'verify'",
        keys: [
            "alg": "The algorithm of the signature.",
            "signature_from": "Location of the signature: one reference, such as ${header.X-Signature}.",
            "signature_prefix": "Text before the signature, such as sha256=.",
            "signature_encoding": "The encoding of the signature.",
            "key_encoding": "The encoding of the secrets; utf8 is the text itself.",
            "signature_split": "The character between several signatures in one value; any of them may match.",
            "key_strip_prefix": "Prefix that is removed from each secret, such as whsec_.",
            "timestamp_from": "Location of the timestamp: one reference, such as ${header.X-Timestamp}.",
            "timestamp_prefix": "Text before the timestamp, such as t=.",
            "timestamp_format": "Format of the timestamp: seconds or milliseconds since 1970, or RFC 3339.",
            "tolerance": "Maximum difference between the timestamp and now, 0 to 1d; 0 means no limit.",
            "id_from": "Location of the signed id: one reference, such as ${header.X-Id}.",
            "id_pattern":
                "Valid ids: a set of characters and a length, such as [0-9a-f-]{36}; with a fixed length an id can "
                + "be next to another value.",
            "signed": "The signed text, with references; body is the bytes as received.",
        ])

    package static let secret = KeyTable(
        "secret", noun: "a secret",
        keys: [
            "env": "The environment variable with the secret. A change needs a restart.",
            "file":
                "The file with the secret; a relative path is relative to the routes folder. It is reloaded "
                + "when it changes.",
            "value": "The secret itself; only with --allow-inline-secrets.",
        ])
}
