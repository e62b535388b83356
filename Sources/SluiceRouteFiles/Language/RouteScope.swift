internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// The meaning of references in one route during its compilation: the body paths seen so far, and the names that the
/// route defines.
struct RouteScope {
    /// The subject of the current texts.
    enum Subject {
        /// A job, with `each` the job of one element.
        case job
        /// The whole delivery.
        case delivery
        /// The signature: with `timestamp` and `id`, without elements.
        case signature
    }

    let context: FileContext
    var subject = Subject.job
    /// The template of `event`; `nil` if neither the route nor its provider has one.
    var event: TextTemplate?
    /// The indexes of the parameters in the segments of the path.
    var parameters: [String: Int] = [:]
    /// Whether `url` is known.
    var hasPublicURL = false
    /// Whether `hmac` is known: in the reply of a handshake with one.
    var hasHMAC = false
    /// Whether `key.id` is known: in the request for a key.
    var hasKeyID = false
    /// The path of the elements, ending in `each`; `nil` if the route uses the body as a whole.
    private(set) var items: JSONPath?
    private(set) var paths: [JSONPath] = []
    private var pathIDs: [JSONPath: Int] = [:]

    init(context: FileContext) { self.context = context }

    /// Sets the path of the elements. Called before any reference into them.
    mutating func takeEach(of path: JSONPath) {
        items = path
        _ = id(of: path)
    }

    /// Parses the references in a text; `nil` after recording a problem.
    mutating func template(_ node: YAMLNode, _ subject: String) -> TextTemplate? {
        guard let text = context.text(node, subject) else { return nil }
        return template(text, at: node.position)
    }

    mutating func template(_ text: String, at position: YAMLPosition) -> TextTemplate? {
        do {
            var parts: [TextTemplate.Part] = []
            for part in try TemplateParser.parse(text) {
                switch part {
                case .literal(let bytes): parts.append(.literal(bytes))
                case .reference(let reference):
                    guard let resolved = resolve(reference, at: position) else { return nil }
                    parts.append(.reference(resolved))
                }
            }
            return TextTemplate(parts: parts)
        } catch {
            context.error(position, error.message)
            return nil
        }
    }

    /// A reference without `${}`, as in the keys of `when`.
    mutating func bareReference(_ text: String, at position: YAMLPosition) -> Reference? {
        do {
            return resolve(try ReferenceParser.parseBare(text), at: position)
        } catch {
            context.error(position, error.message)
            return nil
        }
    }

    /// Assigns a body path its number, and replaces `event` if it is one reference.
    private mutating func resolve(_ reference: Reference, at position: YAMLPosition) -> Reference? {
        if let complaint = complaint(about: reference.source) {
            context.error(position, complaint)
            return nil
        }
        var resolved = reference
        switch reference.source {
        case .event:
            guard let sole = event?.soleReference, sole.fallback == nil || reference.fallback == nil else {
                return reference
            }
            return Reference(source: sole.source, pathID: sole.pathID, fallback: sole.fallback ?? reference.fallback)
        case .parameter(let name, _): resolved.source = .parameter(name, segment: parameters[name, default: 0])
        case .body, .bodyDigest, .item, .itemDigest:
            if let path = reference.source.bodyPath(items: items), !isSignedBody(path) {
                resolved.pathID = id(of: path)
            }
        case .verifyOnly(let source):
            guard let inner = source.inner else { break }
            guard let part = resolve(Reference(source: inner, fallback: nil), at: position) else { return nil }
            resolved.source = .verifyOnly(source.replacing(inner: part.source))
            resolved.pathID = part.pathID
        case .header, .headers, .query, .request, .index, .signedTimestamp, .signedID, .account, .handshakeHMAC:
            break
        }
        return resolved
    }

    /// In `verify` the whole body is its bytes, which need not be JSON, so nothing is searched in it.
    private func isSignedBody(_ path: JSONPath) -> Bool { subject == .signature && path.steps.isEmpty }

    /// The path's index among those that a scan finds.
    private mutating func id(of path: JSONPath) -> Int {
        if let known = pathIDs[path] { return known }
        pathIDs[path] = paths.count
        paths.append(path)
        return paths.count - 1
    }
}

extension RouteScope {
    /// Why a reference is not allowed at its position, as a sentence.
    private func complaint(about source: ReferenceSource) -> String? {
        if subject == .signature, !source.mayBeSigned {
            return "'verify' describes what the sender signed, and cannot contain \(source.noun)"
        }
        switch source {
        case .event:
            guard let event else { return "'event' has no value here: the route has neither a provider nor 'event'" }
            return event.references.contains { $0.source.isOfItem } && subject != .job
                ? Self.notOfOneElement("event") : nil
        case .parameter(let name, _):
            guard parameters[name] == nil else { return nil }
            let hint = Suggestion.phrase(for: name, among: parameters.keys.sorted())
            return
                "the path has no parameter '\(PrintableText.escape(name))'; write parameters as {name} in "
                + "'path'\(hint)"
        case .request(.url): return hasPublicURL ? nil : "'url' needs 'public_url', in the route or in the settings"
        case .item, .itemDigest: return itemComplaint("item") ?? eachComplaint(source)
        case .index: return itemComplaint("index")
        case .signedTimestamp: return signedComplaint("timestamp")
        case .signedID: return signedComplaint("id")
        case .handshakeHMAC:
            return hasHMAC ? nil : "'hmac' can only be used in the 'reply' of a handshake with 'hmac'"
        case .account(let name):
            return "'account.\(PrintableText.escape(name))' has a value only in a preset whose 'account' declares it"
        case .body, .bodyDigest: return eachComplaint(source)
        case .verifyOnly(.value(.keyID)): return hasKeyID ? nil : "'key.id' can only be used in 'key_request'"
        case .verifyOnly:
            if subject != .signature { return "\(source.noun) can only be used in 'verify'" }
            return source.isURL ? complaint(about: .url) : nil
        case .header, .headers, .query, .request: return nil
        }
    }

    private func itemComplaint(_ word: String) -> String? {
        if items == nil {
            return "'\(word)' cannot be used without 'each'\(subject == .signature ? " in 'verify'" : "")"
        }
        return subject == .delivery ? Self.notOfOneElement(word) : nil
    }

    private static func notOfOneElement(_ word: String) -> String {
        "'\(word)' cannot be used here: this applies to the whole delivery, not to one element"
    }

    private func signedComplaint(_ word: String) -> String? {
        if subject == .signature { return nil }
        return
            "'\(word)' is a reference only in 'verify'; elsewhere write its source, such as header.X-Name "
            + "or body.\(word)"
    }

    private func eachComplaint(_ source: ReferenceSource) -> String? {
        let path: JSONPath? =
            switch source {
            case .body(let path), .bodyDigest(let path), .item(let path), .itemDigest(let path): path
            default: nil
            }
        guard let path, path.steps.contains(.each) else { return nil }
        return "'[]' can only be used in 'each'; here write a position, such as [0], or use 'item'"
    }
}
