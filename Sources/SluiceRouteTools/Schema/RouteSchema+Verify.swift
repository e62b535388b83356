internal import SluiceRouteFiles
internal import SluiceRoutes

/// The schema of `verify` and `secrets`.
extension RouteSchema {
    static var verify: SchemaValue {
        .mapping(
            .verify,
            [
                "alg": .words(SchemaWords.algorithms),
                "signature_from": .to(.signaturePart).adding(["examples": ["${header.X-Signature}"]]),
                "signature_prefix": .plainText.adding(["examples": ["sha256="]]),
                "signature_split": .text(matching: "^[ -~]$").adding(["examples": [","]]),
                "signature_encoding": .words(SchemaWords.signatureEncoding).adding(["default": "hex"]),
                "key_encoding": .words(SchemaWords.keyEncoding).adding(["default": "utf8"]),
                "key_strip_prefix": .plainText.adding(["examples": ["whsec_"]]),
                "timestamp_from": .to(.signaturePart).adding(["examples": ["${header.X-Timestamp}"]]),
                "timestamp_prefix": .filledText.adding(["examples": ["t="]]),
                "timestamp_format": .words(SchemaWords.timestampFormats).adding(["default": "unix"]),
                "tolerance": .to(.duration).adding(["default": "5m"]),
                "id_from": .to(.signaturePart).adding(["examples": ["${header.X-Id}"]]),
                "id_pattern": .text(matching: SchemaPattern.idPattern).adding(["default": .text(IDPattern.standardText)]
                ),
                "signed": signed,
            ])
    }

    /// Without a reference every request would have the same signature.
    private static var signed: SchemaValue {
        [
            "type": "string",
            "allOf": [["pattern": .text(ReferencePattern.isHeld)], ["pattern": .text(ReferencePattern.signedText)]],
            "default": "${body}", "examples": ["${timestamp}.${body}"],
        ]
    }

    /// What `verify` has to say where no provider says it.
    static var wholeScheme: SchemaValue {
        let hasTimestamp = SchemaValue.requiring("timestamp_from")
        let lacksTimestamp = SchemaValue.keys([
            "timestamp_prefix": false, "timestamp_format": false, "tolerance": false,
        ])
        return SchemaValue.requiring("alg", "signature_from")
            .adding(["allOf": [.rule(if: .not(hasTimestamp), then: lacksTimestamp)]])
    }

    /// One of the three.
    static var secret: SchemaValue {
        .mapping(
            .secret, ["env": .filledText, "file": .filledText, "value": .text(matching: SchemaPattern.secret)]
        ).adding(["minProperties": 1, "maxProperties": 1])
    }
}
