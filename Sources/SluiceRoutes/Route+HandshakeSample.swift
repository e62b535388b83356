internal import SluiceBase
internal import SluiceJSON

/// A request that a handshake rule answers, generated from the rule.
package struct HandshakeSample: Sendable {
    package var request: RequestToSign
    /// Whether the rule requires a valid signature.
    package let isSigned: Bool
}

extension Route {
    /// Returns a request for each handshake rule of the route, in order.
    ///
    /// - Parameters:
    ///   - token: used for values that a rule compares with a secret.
    ///   - value: used for values that a rule echoes or authenticates: letters and digits.
    package func handshakeSamples(token: String, value: String) -> [HandshakeSample] {
        parts.handshakes.map { rule in
            var maker = HandshakeMaker(route: self, rule: rule, value: value)
            return maker.sample(token: token)
        }
    }
}

/// Generates the request of one rule.
private struct HandshakeMaker {
    let rule: HandshakeRule
    let value: String
    private let route: Route
    private let reader: BodyReader
    private var request: RequestToSign

    init(route: Route, rule: HandshakeRule, value: String) {
        self.rule = rule
        self.value = value
        self.route = route
        // Of a request without a signature the header is as trustworthy as the body.
        reader =
            rule.stage == .unsignedBody
            ? BodyReader(kind: route.parts.body.kind, jsonField: nil, trustsContentType: true) : route.parts.body
        request = RequestToSign(target: route.path, body: [])
        guard rule.stage != .head, reader.kind != .form else { return }
        request.headers.append(.init("Content-Type", "application/json"))
        request.body = Array("{}".utf8)
    }

    mutating func sample(token: String) -> HandshakeSample {
        if rule.stage == .head, !rule.conditions.contains(where: { $0.references.contains { $0.source == .method } }) {
            request.method = "GET"
        }
        if let call = rule.call {
            putSignedFields()
            call.example.map { put(.text($0), at: call.reference.source) }
        }
        // Echoed values first, so that the values of conditions replace them.
        for reference in rule.echoed where reference.fallback == nil { put(.text(value), at: reference.source) }
        if let pattern = rule.hmac?.pattern, let source = rule.hmac?.reference.source {
            put(.text(pattern.adapted(value)), at: source)
        }
        for condition in rule.conditions { fulfil(condition) }
        if let source = rule.token?.reference.source { put(.text(token), at: source) }
        return HandshakeSample(request: request, isSigned: rule.stage == .signedBody || rule.stage == .signedHead)
    }

    /// Sets each field of the body that the first scheme signs, except for those that signing sets.
    private mutating func putSignedFields() {
        guard let scheme = route.parts.verifier.schemes.first, let text = scheme.signed.first else { return }
        let set = scheme.requirements.map(\.reference.source)
        for case .body(let path) in text.requiredSources where !path.steps.isEmpty && !set.contains(.body(path)) {
            put(.text(value), at: .body(path))
        }
    }

    private mutating func fulfil(_ condition: Condition) {
        switch condition {
        case .any(let alternatives, _): for condition in alternatives.first ?? [] { fulfil(condition) }
        case .not: break
        case .value(let condition):
            switch condition.test {
            case .equals(let values): values.first.map { put($0.tree, at: condition.reference.source) }
            case .exists(true):
                if !rule.echoed.contains(where: { $0.source == condition.reference.source }) {
                    put(.text(value), at: condition.reference.source)
                }
            case .prefix(let texts): put(texts.first, at: condition.reference.source)
            case .suffix(let texts): put(texts.first, at: condition.reference.source)
            case .like(let globs):
                let text = globs.first?.pattern.replacing("*", with: "").replacing("?", with: "x")
                put(text.map { Array($0.utf8) }, at: condition.reference.source)
            case .exists, .differs, .contains, .greater, .less, .only: break
            }
        }
    }

    private mutating func put(_ text: [UInt8]?, at source: ReferenceSource) {
        if let text { put(.text(String(decoding: text, as: UTF8.self)), at: source) }
    }

    private mutating func put(_ tree: JSONTree, at source: ReferenceSource) {
        let text = tree.string ?? tree.json
        switch source {
        case .method: request.method = text
        case .header(let name):
            request.headers.removeAll { HeaderName($0.name) == name }
            request.headers.append(.init(name.description, text))
            // Fields are then set in a body of that type.
            if name == "content-type", !text.contains("json") { request.body = [] }
        case .query(let name): request.setQueryParameter(name, text)
        case .body(let path): _ = request.setField(tree, at: path.steps[...], read: reader)
        default: break
        }
    }
}

extension ExpectedValue {
    /// As JSON.
    fileprivate var tree: JSONTree {
        let text = String(decoding: source, as: UTF8.self)
        return switch json {
        case .null: .null
        case .boolean(let value): .boolean(value)
        case .number: .number(text)
        case .text: .text(text)
        }
    }
}
