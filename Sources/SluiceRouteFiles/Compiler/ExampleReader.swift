internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Reads the `examples` of a route. They are checked whenever the files are loaded, but only `sluice check` runs them.
struct ExampleReader {
    let context: FileContext
    /// The route's; `nil` if its path is wrong.
    let path: RoutePath?
    let methods: [String]
    /// Whether the route has secrets that an example can replace.
    let hasSecrets: Bool

    func read(_ node: YAMLNode) -> [RouteExample] {
        guard let elements = context.list(node, "'examples'") else { return [] }
        let examples = elements.enumerated().compactMap { example($1, number: $0 + 1) }
        var names: Set<String> = []
        for example in examples where !names.insert(example.name).inserted {
            context.log.warning(
                example.location, "two examples in this route are named '\(PrintableText.escape(example.name))'")
        }
        return examples
    }

    private func example(_ node: YAMLNode, number: Int) -> RouteExample? {
        guard let reader = MappingReader(node, RouteLanguage.example, in: context) else { return nil }
        let name = name(reader) ?? "example \(number)"
        let usual = methods.contains("POST") ? "POST" : methods.first ?? "POST"
        let method = reader.has("method") ? reader.read(\.method) : usual
        let target = target(reader)
        let headers = reader.read(\.headers).flatMap(self.headers) ?? []
        let body = body(reader, headers)
        let signing = signing(reader)
        let clock = reader.read(\.clock)
        let sender = reader.read(\.remoteAddress)
        let expectation = reader.read(\.expect).flatMap { ExpectationReader(context: context).read($0) }
        guard let method, let target, let body, let signing, let expectation else { return nil }
        return RouteExample(
            name: name, location: context.location(node.position), method: method, target: target,
            headers: headers + body.headers, body: body.body, signing: signing, clock: clock, sender: sender,
            expectation: expectation)
    }

    /// Reads a request without expectations.
    func request(_ node: YAMLNode) -> RequestToSign? {
        guard let reader = MappingReader(node, RouteLanguage.sample, in: context) else { return nil }
        let target = target(reader)
        let method = reader.has("method") ? reader.read(\.method) : methods.first
        let headers = reader.read(\.headers).flatMap(self.headers) ?? []
        guard let method, let target, let body = body(reader, headers), case .bytes(let bytes) = body.body else {
            return nil
        }
        return RequestToSign(method: method, target: target, headers: headers + body.headers, body: bytes)
    }

    private func name(_ reader: MappingReader<ExampleKeys>) -> String? {
        guard let node = reader.node("name"), let name = reader.read(\.name) else { return nil }
        if name.allSatisfy(\.isWhitespace) { context.error(node.position, "the name of an example is empty") }
        return name
    }

    private func signing(_ reader: MappingReader<ExampleKeys>) -> RouteExample.Signing? {
        guard let signed = reader.has("signed") ? reader.written(\.signed) : true else { return nil }
        guard let node = reader.node("secret") else { return signed ? .throwAway : .unsigned }
        guard let secret = reader.read(\.secret) else { return nil }
        if secret.isEmpty { context.error(node.position, "the secret is empty") }
        if !hasSecrets { reader.refuse("secret", "'secret' has no effect with 'verify: none'") }
        return signed ? .secret(secret, context.location(node.position)) : .unsigned
    }
}

extension ExampleReader {
    /// Headers of the transmission of a request (RFC 9112 §6), not of its contents.
    private static let framing: Set<HeaderName> = [
        "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect", "keep-alive",
        "proxy-connection",
    ]

    private func target(_ reader: MappingReader<ExampleKeys>) -> String? {
        let query = reader.read(\.query).map(query)
        let path = path(reader)
        guard let path, query.map({ $0 != nil }) ?? true else { return nil }
        return (query ?? nil).map { $0.isEmpty ? path : "\(path)?\($0)" } ?? path
    }

    private func path(_ reader: MappingReader<ExampleKeys>) -> String? {
        guard let node = reader.node("path") else {
            guard let path else { return nil }
            if path.parameters.isEmpty { return PercentEncoding.path(path.text) }
            context.error(reader.position, "an example of a route with parameters in its path needs 'path'")
            return nil
        }
        guard let text = reader.read(\.path) else { return nil }
        if text.hasPrefix("/"), !text.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) {
            return PercentEncoding.path(text)
        }
        context.error(
            node.position, "'path' must begin with / and contain no ? and no #; put the query into 'query'")
        return nil
    }

    /// - Returns: percent-encoded; `nil` after recording a problem.
    private func query(_ node: YAMLNode) -> String? {
        guard let entries = node.mapping else {
            guard let text = context.text(node, "'query'") else { return nil }
            if !text.contains("#") { return PercentEncoding.query(text) }
            context.error(node.position, "'query' must not contain #, which ends a query")
            return nil
        }
        let pairs = entries.map { entry in
            context.written(entry.value, "a query parameter").map {
                "\(PercentEncoding.component(entry.key))=\(PercentEncoding.component($0))"
            }
        }
        return pairs.contains(nil) ? nil : pairs.compactMap(\.self).joined(separator: "&")
    }

    private func headers(_ node: YAMLNode) -> [RequestToSign.Header]? {
        context.entries(node, "'headers'")?.compactMap { entry -> RequestToSign.Header? in
            if !HeaderSyntax.isName(entry.key) {
                context.error(entry.position, "'\(PrintableText.escape(entry.key))' is not a valid header name")
                return nil
            }
            if Self.framing.contains(HeaderName(entry.key)) {
                context.error(
                    entry.position, "an example cannot set the header \(entry.key)")
                return nil
            }
            guard let value = context.written(entry.value, "the value of a header") else { return nil }
            guard HeaderSyntax.isValue(value) else {
                context.error(entry.value.position, "the value of a header must not contain control characters")
                return nil
            }
            return RequestToSign.Header(entry.key, value)
        }
    }
}

extension ExampleReader {
    /// The body, and its content type if the example has no such header.
    private func body(
        _ reader: MappingReader<ExampleKeys>, _ headers: [RequestToSign.Header]
    ) -> (body: RouteExample.Body, headers: [RequestToSign.Header])? {
        let keys = ["body", "body_text", "body_file"].filter(reader.has)
        if keys.count > 1 {
            reader.refuse(keys[1], "an example can have only one of 'body', 'body_text' and 'body_file'")
            return nil
        }
        let isTyped = headers.contains { HeaderName($0.name) == BodyReader.contentType }
        let json = isTyped ? [] : [RequestToSign.Header("Content-Type", "application/json")]
        switch keys.first {
        case "body": return reader.read(\.body).map { (.bytes(Array($0.tree.json.utf8)), json) }
        case "body_text": return reader.read(\.bodyText).map { (.bytes(Array($0.utf8)), []) }
        case "body_file": return file(reader).map { ($0, $0.isJSON ? json : []) }
        default: return (.bytes([]), [])
        }
    }

    private func file(_ reader: MappingReader<ExampleKeys>) -> RouteExample.Body? {
        guard let node = reader.node("body_file"), let name = reader.read(\.bodyFile) else { return nil }
        // By bytes, like the file system.
        let segments = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if !segments.contains(where: { $0.isEmpty || $0.elementsEqual("..".utf8) }) {
            return .file(name, context.location(node.position))
        }
        context.error(node.position, "'body_file' must be a path inside the routes folder, such as examples/push.json")
        return nil
    }
}

extension RouteExample.Body {
    /// Whether the file's name has a JSON extension.
    fileprivate var isJSON: Bool {
        guard case .file(let name, _) = self else { return false }
        return name.hasSuffix(".json")
    }
}
