internal import SluiceBase
internal import SluiceRouteFiles
internal import SluiceRoutes

/// A route and the small mappings in it.
extension RouteSchema {
    static var route: SchemaValue {
        .mapping(
            .route, required: ["path", "jobs"], rules: verificationRules + [keyRule, otherwiseRule, linesRule],
            [
                "name": .text(matching: SchemaPattern.routeName).adding(["maxLength": .integer(RouteReader.longestName)]
                ),
                "path": path,
                "methods": .filledList(of: .text(matching: SchemaPattern.method)).adding(["default": ["POST"]]),
                "allow_from": .filledList(of: .text(matching: SchemaPattern.addressBlock))
                    .adding(["examples": [["192.0.2.0/24", "2001:db8::/32"]]]),
                "provider": .words(RouteLanguage.providers),
                "verify": .rule(if: ["type": "object"], then: .to(.verify), else: .constant("none")),
                "secrets": .filledList(of: .to(.secret)),
                "public_url": .text(matching: SchemaPattern.publicURL).adding([
                    "examples": ["https://hooks.example.com"]
                ]),
                "rate": .to(.rate),
                "body": .words(SchemaWords.bodies).adding(["default": "auto"]),
                "body_limit": bodyLimit,
                "gzip": .boolean.adding(["default": false]),
                "content_types": .filledList(of: .text(matching: SchemaPattern.mediaType))
                    .adding(["examples": [["application/json", "text/*"]]]),
                "on_unreadable": .words(SchemaWords.onUnreadable).adding(["default": "dead_letter"]),
                "event": [
                    "allOf": [.to(.text), ["pattern": .text(ReferencePattern.isHeld)]], "examples": ["${body.type}"],
                ],
                "each": .text(matching: ReferencePattern.elements).adding(["examples": ["${body.items}", "lines"]]),
                "unique_key": .to(.uniqueKey).adding(["examples": ["${body.id}"]]),
                "unique_key_missing": .words(SchemaWords.missingKey).adding(["default": "accept"]),
                "on_changed_body": .words(SchemaWords.changedBody).adding(["default": "duplicate"]),
                "dedupe_window": .to(.positiveDuration).adding(["examples": ["7d"]]),
                "jobs": .filledList(of: .to(.rule)),
                "match": .words(SchemaWords.match).adding(["default": "first"]),
                "otherwise": .words(SchemaWords.otherwise),
                "on_mismatch": .words(SchemaWords.onMismatch).adding(["default": "dead_letter"]),
                "reply": .to(.reply),
                "keep_request": .boolean.adding(["default": false]),
                "examples": .list(of: .to(.example)),
            ])
    }

    private static var path: SchemaValue {
        .text(matching: SchemaPattern.path).adding([
            "not": ["pattern": .text(SchemaPattern.ambiguousPath)], "maxLength": .integer(RoutePath.longest),
            "examples": ["/github", "/github/{tenant}"],
        ])
    }

    private static var bodyLimit: SchemaValue {
        let limits = RouteReader.bodyLimits
        return [
            "type": ["string", "integer"], "pattern": .text(SchemaPattern.size),
            "minimum": .integer(limits.lowerBound.bytes),
            "maximum": .integer(limits.upperBound.bytes), "examples": ["1MiB"],
        ]
    }

    private static let hasProvider = SchemaValue.requiring("provider")

    /// A route says how it verifies, with secrets unless it takes everything; and without a provider it says all of it.
    private static var verificationRules: [SchemaValue] {
        let takesAll: SchemaValue = ["required": ["verify"], "properties": ["verify": .constant("none")]]
        let verifies = SchemaValue.any(of: [hasProvider, .requiring("verify")])
        return [
            verifies,
            .rule(
                if: takesAll, then: .keys(["secrets": false]),
                else: .rule(if: verifies, then: .requiring("secrets"))),
            .rule(if: .not(hasProvider), then: .keys(["verify": wholeScheme])),
        ]
    }

    /// What is said about unique keys means nothing where there are none.
    private static var keyRule: SchemaValue {
        let rule = SchemaValue.rule(if: .requiring("unique_while"), then: .requiring("unique_key"))
        return .rule(
            if: .not(.any(of: [hasProvider, .requiring("unique_key")])),
            then: .keys([
                "unique_key_missing": false, "on_changed_body": false, "dedupe_window": false, "jobs": ["items": rule],
            ]))
    }

    /// A rule without `when` is the last one, and takes whatever the others leave.
    private static var otherwiseRule: SchemaValue {
        let takesEachMatch: SchemaValue = ["required": ["match"], "properties": ["match": .constant("all")]]
        let leavesSome: SchemaValue = [
            "required": ["jobs"], "properties": ["jobs": ["items": ["type": "object", "required": ["when"]]]],
        ]
        return .rule(if: .any(of: [takesEachMatch, leavesSome]), then: .requiring("otherwise"))
    }

    /// JSON lines are read whatever the `Content-Type` says.
    private static var linesRule: SchemaValue {
        .rule(
            if: ["required": ["each"], "properties": ["each": .constant("lines")]],
            then: .keys(["body": .constant("auto")]))
    }

    static var rate: SchemaValue {
        .mapping(
            .rate, required: ["limit", "per"],
            [
                "limit": .integer(in: RateLimit.counts), "per": .to(.positiveDuration).adding(["examples": ["1s"]]),
                "burst": .integer(in: RateLimit.counts),
            ])
    }
}
