internal import SluiceBase
internal import SluiceYAML

/// What makes the unique key of a delivery: one text, or several typed parts.
struct UniqueKeyTemplate: Sendable {
    let parts: [TextTemplate]
    /// Whether it was written as a list. Its parts then keep their types and lengths apart, so that `a`, `bc` is not
    /// `ab`, `c`.
    let isList: Bool

    var references: [Reference] { parts.flatMap(\.references) }

    /// - Returns: `nil` after a problem has been noted.
    static func read(_ node: YAMLNode, scope: inout RouteScope) -> UniqueKeyTemplate? {
        let key: UniqueKeyTemplate
        if case .sequence(let elements) = node.content {
            let parts = elements.compactMap { scope.template($0, "a part of 'unique_key'") }
            guard parts.count == elements.count else { return nil }
            key = UniqueKeyTemplate(parts: parts, isList: true)
        } else {
            guard let part = scope.template(node, "'unique_key'") else { return nil }
            key = UniqueKeyTemplate(parts: [part], isList: false)
        }
        guard !key.references.isEmpty else {
            scope.context.error(
                node.position, "'unique_key' contains no reference, so every delivery would have the same key")
            return nil
        }
        return key
    }
}
