internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// Finds handshake rules that answer deliveries, reveal secrets, or sign other texts with the route's key.
struct HandshakeLint {
    let context: FileContext
    /// The methods of the route for deliveries.
    let methods: [String]
    /// Empty if nothing is verified.
    let schemes: [SignatureScheme]

    /// - Parameter readsBody: whether a reference needs the body.
    func check(_ rule: HandshakeRule, at position: YAMLPosition, readsBody: (Reference) -> Bool) {
        refuseCatchAll(of: rule, at: position)
        for condition in rule.conditions { warnOfSecret(condition) }
        if rule.stage == .unsignedBody, let echoed = rule.reply.references.first(where: readsBody) {
            context.note(
                position,
                "anyone can have the route echo \(echoed.source.noun): the rule has 'signed: false'")
        }
        warnOfOracle(rule, at: position)
    }

    /// A rule that answers each delivery before its signature is verified leaves no jobs.
    private func refuseCatchAll(of rule: HandshakeRule, at position: YAMLPosition) {
        guard rule.stage == .head, rule.echoed.isEmpty, let method = methods.first(where: { takesAll(rule, $0) }) else {
            return
        }
        context.error(
            position,
            "this rule answers every \(method) before its signature is verified, so the route would make no jobs; add "
                + "a condition on a header or a query parameter, or 'signed: true'")
    }

    private func takesAll(_ rule: HandshakeRule, _ method: String) -> Bool {
        rule.conditions.allSatisfy { condition in
            guard case .value(let value) = condition, value.reference.source == .method else { return false }
            return value.test.holds(forText: method.utf8Span.span, isTyped: false)
        }
    }

    private static let secretWords = ["token", "secret", "password", "passcode"]

    /// Recurses as deep as the route file is nested.
    private func warnOfSecret(_ condition: Condition) {
        switch condition {
        case .value(let value):
            let name = value.written.lowercased()
            guard case .equals = value.test, Self.secretWords.contains(where: name.contains) else { return }
            context.log.warning(
                value.location,
                "'\(PrintableText.escape(value.written))' is compared with a text in the file; if it is a secret, use "
                    + "'token' and 'handshake_secrets'")
        case .any(let alternatives, _): for condition in alternatives.joined() { warnOfSecret(condition) }
        case .not(let conditions, _): for condition in conditions { warnOfSecret(condition) }
        }
    }

    /// If the signed text can itself be a token, the handshake would sign it, and the gateway refuses it.
    private func warnOfOracle(_ rule: HandshakeRule, at position: YAMLPosition) {
        guard rule.signsAnyToken, schemes.contains(where: { $0.signed.contains(where: \.mayBeToken) }) else { return }
        let whom = rule.stage == .head || rule.stage == .unsignedBody ? "anyone" : "anyone with a captured request"
        context.warning(
            position,
            "'hmac' uses a key that also verifies signatures, and the signed text could itself be a token, which this "
                + "rule would sign for \(whom); such requests are refused, so set 'pattern' to the format of the "
                + "provider's tokens, or use another secret in 'handshake_secrets'")
    }
}
