internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Whether keys and rules only depend on what the signature covers, so that a captured request cannot be sent again as
/// another one.
struct KeyCoverage {
    let signature: SignatureCoverage
    /// The sources of the preset's own unique key, which cannot be improved.
    let presetsKey: Set<ReferenceSource>
    /// The same key as written; empty without one.
    let presetsKeyTexts: [String]
    /// The values that are a secret.
    let credentials: [ReferenceSource]
    /// Those that each alternative of `verify` compares.
    let verified: [ReferenceSource]
    /// Has the event, the elements and the path parameters.
    let scope: RouteScope

    /// Warns of a key with a part that is not signed.
    ///
    /// Does not warn of the header in which the provider itself puts its delivery id: the provider signs nothing
    /// better, and nobody could act on the warning.
    func warn(of key: UniqueKeyTemplate, at position: YAMLPosition) {
        guard
            let outside = key.references.first(where: { isUncovered($0) && !isFromPreset($0) || dependsOnAddress($0) })
        else { return }
        scope.context.warning(
            position,
            "the signature does not cover \(outside.source.noun), which the unique key uses: an attacker with a "
                + "captured request could replay it with another value; take the key from "
                + "\(signature.holdsBody ? "the body" : "a value in 'signed'") if possible"
        )
    }

    /// Whether an attacker with a captured request can send it again with another value.
    private func isUncovered(_ reference: Reference) -> Bool {
        switch reference.source {
        case .header: !signature.covers(reference.source)
        case .headers, .query, .parameter, .body, .bodyDigest: !signature.covers(reference.source)
        // Without parameters the route has one path.
        case .request(.path): !scope.parameters.isEmpty && !signature.covers(.path)
        case .item, .itemDigest: !signature.covers(.body(reference.source.bodyPath(items: scope.items) ?? .root))
        case .index: !signature.covers(.body(scope.items ?? .root))
        case .event: scope.event?.references.contains(where: isUncovered) ?? false
        case .request(let value): value.row.signed != nil && !signature.covers(reference.source)
        case .signedTimestamp, .signedID, .account, .handshakeHMAC, .verifyOnly: false
        }
    }

    /// Whether the value depends on the address of the client.
    private func dependsOnAddress(_ reference: Reference) -> Bool {
        reference.behind(scope.event).contains { $0.source == .request(.remoteAddress) }
    }

    /// Warns of jobs and keys with a value that is a secret, which is then stored and sent to Zizq.
    func warn(ofCredentialsIn rules: [JobRule], key: UniqueKeyTemplate?, at position: YAMLPosition) {
        func isCredential(_ reference: Reference) -> Bool {
            reference.behind(scope.event).contains { credentials.contains($0.source) }
        }
        var uses: [String] = []
        for (index, rule) in rules.enumerated() {
            if case .make(let template) = rule.action, template.references.contains(where: isCredential) {
                uses.append("rule \(index + 1)")
            }
        }
        if key?.references.contains(where: isCredential) == true { uses.append("the unique key") }
        guard !uses.isEmpty else { return }
        scope.context.warning(
            position,
            "the secret of the route is in \(uses.joined(separator: ", ")), and would be stored in the outbox and "
                + "in Zizq")
    }

    /// Warns of a key that expires while a captured request is still valid: a timestamp that is `tolerance` ahead of
    /// the clock is valid for twice that time.
    func warn(ofWindow window: Duration, timestamps: [SignedTimestamp], at position: YAMLPosition) {
        let covered = timestamps.filter { signature.holdsTimestamp || signature.covers($0.reference.source) }
        guard let tolerance = covered.map(\.tolerance).max(), window < tolerance * 2 else { return }
        scope.context.warning(
            position,
            "the dedupe window (\(DurationText.format(window))) is shorter than twice 'tolerance' "
                + "(\(DurationText.format(tolerance))): a captured request whose timestamp is ahead of the clock could "
                + "be replayed after its key has expired")
    }

    private func isFromPreset(_ reference: Reference) -> Bool {
        presetsKey.contains(reference.source)
    }

    /// Notes which rules and keys depend on values that the signature does not cover, including path parameters, which
    /// are part of each key: only the provider could sign them, but its users should know.
    func note(_ rules: [JobRule], key: UniqueKeyTemplate?, at position: YAMLPosition) {
        var uses: [(noun: String, rules: [Int], isKey: Bool)] = []
        func add(_ reference: Reference, rule: Int?) {
            guard isUncovered(reference) else { return }
            for noun in reference.behind(scope.event).filter(isUncovered).map(\.source.noun) {
                let index = uses.firstIndex { $0.noun == noun } ?? uses.endIndex
                if index == uses.endIndex { uses.append((noun, [], false)) }
                guard let rule else {
                    uses[index].isKey = true
                    continue
                }
                if uses[index].rules.last != rule { uses[index].rules.append(rule) }
            }
        }
        for (index, rule) in rules.enumerated() {
            for reference in rule.references { add(reference, rule: index + 1) }
        }
        for reference in key?.references ?? [] where isFromPreset(reference) { add(reference, rule: nil) }
        if key != nil {
            for parameter in scope.parameterReferences where !verified.contains(parameter.source) {
                add(parameter, rule: nil)
            }
        }
        guard !uses.isEmpty else { return }
        let parts = uses.map { "\($0.noun) (\(Self.words($0.rules, isKey: $0.isKey)))" }
        scope.context.note(
            position,
            "the signature does not cover \(parts.joined(separator: ", ")): a captured request could be replayed "
                + "with another value there\(key.map(offer) ?? "")"
        )
    }

    /// The preset's key with the digest of the body added, as the end of a sentence; empty if that adds nothing.
    private func offer(_ key: UniqueKeyTemplate) -> String {
        let sources = Set(key.references.map(\.source))
        guard signature.holdsBody, sources == presetsKey, !sources.contains(.bodyDigest(.root)),
            key.references.contains(where: isUncovered)
        else { return "" }
        let texts = (presetsKeyTexts + ["${sha256.body}"]).map { "\"\($0.replacing("\"", with: "\\\""))\"" }
        return ", but not with the key of another delivery if you set unique_key: [ \(texts.joined(separator: ", ")) ]"
    }

    /// `rules 1, 2; unique key`
    private static func words(_ rules: [Int], isKey: Bool) -> String {
        let numbers = rules.map(String.init).joined(separator: ", ")
        let ofRules = rules.isEmpty ? [] : ["\(rules.count == 1 ? "rule" : "rules") \(numbers)"]
        return (ofRules + (isKey ? ["unique key"] : [])).joined(separator: "; ")
    }
}

extension RouteScope {
    /// The path parameters, in the order of the path.
    fileprivate var parameterReferences: [Reference] {
        parameters.sorted { $0.value < $1.value }.map {
            Reference(source: .parameter($0.key, segment: $0.value), fallback: nil)
        }
    }
}

extension JobRule {
    /// The references in the rule's conditions and in its job.
    fileprivate var references: [Reference] {
        guard case .make(let template) = action else { return conditions.flatMap(\.references) }
        return conditions.flatMap(\.references) + template.references
    }
}

extension JobTemplate {
    fileprivate var references: [Reference] {
        let texts = type.references + queue.references + (priority?.references ?? []) + (start?.references ?? [])
        return texts + (batch?.key.references ?? []) + (uniqueKey?.references ?? []) + payload.references
    }
}

extension JobStart {
    fileprivate var references: [Reference] {
        switch self {
        case .delay, .readyAt: []
        case .renderedDelay(let template), .renderedReadyAt(let template): template.references
        }
    }
}

extension JobText {
    fileprivate var references: [Reference] {
        if case .rendered(let template) = self { template.references } else { [] }
    }
}
