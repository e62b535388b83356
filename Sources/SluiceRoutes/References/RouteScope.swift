internal import SluiceJSON
internal import SluiceYAML

/// What references mean in one route while it is compiled: the body paths seen so far, and what `event` stands for.
struct RouteScope {
    let context: FileContext
    /// What `event` stands for; `nil` where neither the route nor its provider says.
    var event: TextTemplate?
    private(set) var paths: [JSONPath] = []
    private var pathIDs: [JSONPath: Int] = [:]

    init(context: FileContext) { self.context = context }

    /// Reads the references in a text; `nil` after a problem has been noted.
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

    /// A reference without `${}`, as the keys of `when` are.
    mutating func bareReference(_ text: String, at position: YAMLPosition) -> Reference? {
        do {
            return resolve(try ReferenceParser.parseBare(text), at: position)
        } catch {
            context.error(position, error.message)
            return nil
        }
    }

    /// Gives a body path its number, and puts what `event` is in its place where that is one reference.
    private mutating func resolve(_ reference: Reference, at position: YAMLPosition) -> Reference? {
        if reference.source == .event {
            guard let event else {
                context.error(position, "'event' means nothing here: the route has neither a provider nor 'event'")
                return nil
            }
            guard let sole = event.soleReference, sole.fallback == nil || reference.fallback == nil else { return reference }
            return Reference(source: sole.source, pathID: sole.pathID, fallback: sole.fallback ?? reference.fallback)
        }
        var resolved = reference
        if let path = reference.source.bodyPath { resolved.pathID = id(of: path) }
        return resolved
    }

    /// The path's position among those that a scan looks for.
    private mutating func id(of path: JSONPath) -> Int {
        if let known = pathIDs[path] { return known }
        pathIDs[path] = paths.count
        paths.append(path)
        return paths.count - 1
    }
}
