internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Reads `handshake` and `handshake_secrets` of a route.
struct HandshakeReader {
    let route: MappingReader<RouteKeys>
    let secrets: SecretReader
    let bodyKind: BodyKind
    /// The methods of the route for deliveries.
    let methods: [String]
    /// Whether the route verifies requests.
    let isVerified: Bool
    /// Empty if nothing is verified, or no scheme could be read.
    let schemes: [SignatureScheme]
    let coverage: SignatureCoverage

    private var context: FileContext { route.context }

    /// - Returns: the rules without problems; the problems of the others have been recorded.
    func read(scope: inout RouteScope) -> [HandshakeRule] {
        guard let node = route.read(\.handshake) else {
            route.refuse("handshake_secrets", "'handshake_secrets' has no effect without 'handshake'")
            return []
        }
        guard let elements = context.list(node, "'handshake'") else { return [] }
        if elements.isEmpty { context.error(node.position, "'handshake' needs at least one rule") }
        let tokens = route.read(\.handshakeSecrets).map {
            secrets.keys($0, "'handshake_secrets'", format: SecretFormat()).map(\.key)
        }
        scope.subject = .delivery
        defer { scope.subject = .job }
        var rules: [HandshakeRule] = []
        // Rules of the head are evaluated first, independent of their position.
        var ofHead = RuleReachability(context: context, takesAll: false, methods: [])
        var ofBody = RuleReachability(context: context, takesAll: false, methods: methods)
        for element in elements {
            guard let rule = rule(element, tokens: tokens, scope: &scope) else { continue }
            let isSure = rule.echoed.isEmpty
            if rule.stage == .head {
                ofHead.add(rule.conditions, at: element.position, takesAllThatHold: isSure)
            } else {
                ofBody.add(rule.conditions, at: element.position, takesAllThatHold: isSure)
            }
            rules.append(rule)
        }
        warnOfUnusedSecrets(rules, count: elements.count)
        return rules
    }

    private func rule(_ node: YAMLNode, tokens: [[UInt8]]?, scope: inout RouteScope) -> HandshakeRule? {
        guard let reader = MappingReader(node, RouteLanguage.handshake, in: context) else { return nil }
        let conditions = reader.read(\.when).flatMap {
            ConditionReader(context: context, bodyKind: bodyKind).read($0, scope: &scope)
        }
        let token = token(reader, secrets: tokens, scope: &scope)
        let hmac = reader.read(\.hmac).map { self.hmac($0, &scope) }
        let learn = learn(reader, &scope)
        let call = call(reader, &scope)
        let reply = reply(reader, &scope)
        let status = reader.read(\.otherwiseStatus)
        if !reader.has("token"), !reader.has("hmac"), call == nil {
            reader.refuse("otherwise_status", "'otherwise_status' has no effect without 'token', 'hmac' or 'call'")
        }
        guard let conditions, let reply, reader.has("token") == (token != nil), hmac.map({ $0 != nil }) ?? true,
            reader.has("learn") == (learn != nil), reader.has("call") == (call != nil)
        else { return nil }
        let read = conditions.flatMap(\.references) + [token?.reference, call?.reference].compactMap(\.self)
        var rule = HandshakeRule(
            conditions: conditions, token: token, hmac: hmac ?? nil, learn: learn, call: call, reply: reply,
            refusalStatus: status, location: context.location(node.position))
        let readsBody = { [event = scope.event] (reference: Reference) in
            reference.behind(event).contains(where: \.source.readsBody)
        }
        guard let stage = stage(reader, readsBody: (read + rule.echoed).contains(where: readsBody)) else { return nil }
        if call != nil, stage == .head || stage == .unsignedBody {
            reader.refuse(
                "call",
                "'call' needs a request with a valid signature: otherwise anyone could make the gateway call a URL; "
                    + (isVerified ? "set 'signed: true'" : "the route has 'verify: none'"))
            return nil
        }
        rule.move(to: stage, covers: coverage.signs)
        if learn != nil, stage == .signedBody || stage == .signedHead {
            context.error(
                node.position,
                "a rule with 'learn' needs 'signed: false': the request with the secret is not signed with it")
            return nil
        }
        HandshakeLint(context: context, methods: methods, schemes: schemes)
            .check(rule, at: node.position, readsBody: readsBody)
        return rule
    }

    private func stage(_ reader: MappingReader<HandshakeKeys>, readsBody: Bool) -> HandshakeRule.Stage? {
        let signed = reader.read(\.signed)
        if !isVerified, signed == true {
            reader.refuse("signed", "'signed: true' is never true: the route has 'verify: none'")
            return nil
        }
        guard readsBody else { return signed == true ? .signedHead : .head }
        if !isVerified, signed == nil {
            context.warning(
                reader.position,
                "the route has 'verify: none', so this rule answers a body that anyone can send; write 'signed: false' "
                    + "to say that this is intended")
        }
        return signed ?? isVerified ? .signedBody : .unsignedBody
    }

    private func token(
        _ reader: MappingReader<HandshakeKeys>, secrets: [[UInt8]]?, scope: inout RouteScope
    ) -> HandshakeToken? {
        guard let entry = reader.entry("token"), let text = reader.read(\.token) else { return nil }
        guard let secrets else {
            context.error(
                entry.position, "'token' needs 'handshake_secrets' in the route, such as [ { env: NAME } ]")
            return nil
        }
        return value(text, of: entry, scope: &scope).map { HandshakeToken($0, secrets: secrets) }
    }

    private func learn(_ reader: MappingReader<HandshakeKeys>, _ scope: inout RouteScope) -> Reference? {
        guard let entry = reader.entry("learn"), let text = reader.read(\.learn) else { return nil }
        let problem: String? =
            if !isVerified {
                "'learn' has no effect: the route has 'verify: none'"
            } else if reader.has("hmac") {
                "'learn' and 'hmac' cannot be in one rule"
            } else if reader.has("call") {
                "'learn' and 'call' cannot be in one rule: only an unsigned handshake contains a secret, and only a "
                    + "signed one may make the gateway call a URL"
            } else if !schemes.isEmpty, schemes.allSatisfy({ $0.usesPublicKey || $0.keySource != nil }) {
                "'learn' has no effect: the route verifies with public keys, which are not secrets"
            } else {
                nil
            }
        if let problem {
            context.error(entry.position, problem)
            return nil
        }
        return value(text, of: entry, scope: &scope)
    }

    /// Whether a rule of `handshake` has 'learn'.
    static func learns(_ node: YAMLNode?) -> Bool {
        (node?.sequence ?? []).contains { $0["learn"] != nil }
    }

    /// A text that consists of one reference to a value of a request.
    private func value(_ text: String, of entry: YAMLEntry, scope: inout RouteScope) -> Reference? {
        guard let template = scope.template(text, at: entry.value.position) else { return nil }
        if let sole = template.soleReference, sole.fallback == nil, sole.source.isPartOfRequest { return sole }
        context.error(
            entry.value.position,
            "'\(entry.key)' must be one reference to a header, a query parameter, a path parameter or a field of the "
                + "body, such as ${query.token}")
        return nil
    }

    private func reply(_ reader: MappingReader<HandshakeKeys>, _ scope: inout RouteScope) -> ReplyTemplate? {
        guard let node = reader.read(\.reply) else {
            return reader.has("reply") ? nil : ReplyTemplate(status: 200, headers: [], body: nil)
        }
        scope.hasHMAC = reader.has("hmac")
        defer { scope.hasHMAC = false }
        let reply = ReplyReader(context: context).read(node, scope: &scope)
        if let name = reply?.headerNames.first(where: Self.ofGateway.contains) {
            context.error(node.position, "the gateway sets '\(name)' in the reply to a handshake; remove it")
        }
        if let reply, !reply.references.contains(where: { $0.source == .handshakeHMAC }) {
            reader.refuse("hmac", "'hmac' has no effect without ${hmac} in the reply")
        }
        return reply
    }

    /// - Returns: `nil` without one, and after recording a problem.
    private func call(_ reader: MappingReader<HandshakeKeys>, _ scope: inout RouteScope) -> HandshakeCall? {
        let node = reader.read(\.callURLs)
        guard let entry = reader.entry("call") else {
            if let node { context.error(node.position, "'call_urls' has no effect without 'call'") }
            return nil
        }
        if reader.has("hmac") {
            reader.refuse("hmac", "a handshake cannot have both 'hmac' and 'call'")
            return nil
        }
        guard let node else {
            context.error(
                entry.position,
                "'call' needs 'call_urls', such as [ \"https://sns.*.amazonaws.com/*\" ]: otherwise the gateway "
                    + "could be made to call any URL")
            return nil
        }
        guard let text = reader.read(\.call), let reference = value(text, of: entry, scope: &scope),
            let allowed = URLPatternReader(context: context, key: "call_urls", allowsQuery: true).read(node)
        else { return nil }
        return HandshakeCall(reference, allowed: allowed)
    }

    /// If a rule could set them, a browser might run what a provider has echoed.
    private static let ofGateway: Set<String> = ["content-type", "x-content-type-options"]

    private func warnOfUnusedSecrets(_ rules: [HandshakeRule], count: Int) {
        guard let entry = route.entry("handshake_secrets"), rules.count == count,
            !rules.contains(where: { $0.token != nil || $0.hmac != nil })
        else { return }
        context.warning(entry.position, "'handshake_secrets' has no effect: no handshake rule has 'token' or 'hmac'")
    }
}

extension HandshakeReader {
    private func hmac(_ node: YAMLNode, _ scope: inout RouteScope) -> HandshakeHMAC? {
        guard let reader = MappingReader(node, RouteLanguage.handshakeHMAC, in: context) else { return nil }
        let pattern = reader.read(\.pattern)
        let (algorithm, encoding) = (reader.read(\.alg), reader.read(\.encoding))
        let format = secretFormat(reader)
        let key = key(format, at: node.position)
        guard let entry = reader.entry("of"), let text = reader.read(\.of),
            let reference = value(text, of: entry, scope: &scope),
            let key, !reader.has("pattern") || pattern != nil
        else { return nil }
        return HandshakeHMAC(
            of: reference, key: HMACKey(algorithm.hash, key: key.span), secretFormat: format, encoding: encoding,
            pattern: pattern, hasRouteKey: hasRouteKey)
    }

    private func secretFormat(_ reader: MappingReader<HandshakeHMACKeys>) -> SecretFormat {
        var format = route.has("handshake_secrets") ? SecretFormat() : schemes.first?.secretFormat ?? SecretFormat()
        format.encoding = reader.read(\.keyEncoding) ?? format.encoding
        format.transforms = reader.read(\.keyTransform) ?? format.transforms
        return format
    }

    private var hasRouteKey: Bool {
        guard let own = route.node("handshake_secrets") else { return true }
        let ofRoute = route.node("secrets").map(SecretReader.sources) ?? []
        return SecretReader.sources(own).contains(where: ofRoute.contains)
    }

    /// The first secret of `handshake_secrets`, or without them of `secrets`.
    private func key(_ format: SecretFormat, at position: YAMLPosition) -> [UInt8]? {
        guard let node = route.node("handshake_secrets") ?? route.node("secrets") else {
            context.error(
                position,
                "'hmac' needs 'handshake_secrets' in the route, such as [ { env: NAME } ], because the "
                    + "route has no 'secrets'")
            return nil
        }
        guard let first = node.sequence?.first else { return nil }
        // Problems of the secret itself were recorded when all secrets were read.
        let silent = secrets.silent
        if let key = silent.key(first, format: format)?.key { return key }
        if silent.key(first, format: SecretFormat()) != nil {
            context.error(
                position, "the first secret is not valid \(format.encoding.rawValue), which 'key_encoding' requires")
        }
        return nil
    }
}
