internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// Reads `reply`.
struct ReplyReader {
    let context: FileContext

    /// - Parameter scope: for references; its subject is the whole delivery.
    func read(_ node: YAMLNode, scope: inout RouteScope) -> ReplyTemplate? {
        guard let reader = MappingReader(node, RouteLanguage.reply, in: context) else { return nil }
        let status = reader.read(\.status)
        let headers = reader.read(\.headers).map { self.headers($0, &scope) } ?? []
        let body = reader.read(\.body).map { self.body($0, &scope) }
        if ReplyTemplate.hasNoContent(status) {
            reader.refuse("body", "an answer with status \(status) cannot have a body")
        }
        if let header = headers.first(where: { $0.template.name.lowercased() == "content-type" }), !reader.has("body") {
            context.error(header.position, "'content-type' has no effect without a 'body' in the reply")
        }
        if let body, body == nil { return nil }
        return ReplyTemplate(status: status, headers: headers.map(\.template), body: body ?? nil)
    }

    private func headers(_ node: YAMLNode, _ scope: inout RouteScope) -> [(
        template: ReplyTemplate.Header, position: YAMLPosition
    )] {
        var headers: [(template: ReplyTemplate.Header, position: YAMLPosition)] = []
        for entry in context.entries(node, "'headers'", as: "a mapping from names to texts") ?? [] {
            if let complaint = complaint(about: entry.key) {
                context.error(entry.position, complaint)
                continue
            }
            guard let text = entry.value.scalar?.text, let value = scope.template(text, at: entry.value.position) else {
                if entry.value.scalar == nil {
                    context.error(entry.value.position, "a header must be a text, not \(entry.value.noun)")
                }
                continue
            }
            if let constant = value.constant, !ReplyTemplate.isValue(Array(constant.utf8)) {
                context.error(
                    entry.value.position,
                    "the value of a header must be printable ASCII, at most \(ReplyTemplate.longestValue) bytes")
            }
            headers.append((ReplyTemplate.Header(name: entry.key, value: value), entry.position))
        }
        return headers
    }

    private func complaint(about name: String) -> String? {
        let printable = PrintableText.escape(name)
        if TemplateParser.mayRefer(name) { return "the name of a header cannot contain a reference" }
        if name.isEmpty || !name.utf8.allSatisfy(HeaderSyntax.isTokenByte) {
            return "'\(printable)' is not a valid header name"
        }
        return ReplyKeys.reserved.contains(name.lowercased()) ? "a route cannot set the header '\(printable)'" : nil
    }

    private func body(_ node: YAMLNode, _ scope: inout RouteScope) -> ReplyTemplate.Body? {
        let body: ReplyTemplate.Body?
        if let text = node.scalar?.text {
            body = scope.template(text, at: node.position).map { .text($0) }
        } else {
            body = PayloadCompiler.compile(node, scope: &scope).map { .json($0) }
        }
        if let size = body?.fixedSize, size > ReplyTemplate.largestBody {
            context.error(
                node.position, "the body of a reply must have at most \(ReplyTemplate.largestBody / 1024) KiB")
        }
        return body
    }
}

extension ReplyTemplate.Body {
    /// The size in bytes without the values of references.
    fileprivate var fixedSize: Int {
        switch self {
        case .text(let template):
            template.parts.reduce(0) { if case .literal(let bytes) = $1 { $0 + bytes.count } else { $0 } }
        case .json(let template):
            template.steps.reduce(0) { if case .bytes(let bytes) = $1 { $0 + bytes.count } else { $0 } }
        }
    }
}
