/// How a route reads the body: what `body` says.
package enum BodyKind: String, CaseIterable, Sendable {
    /// By `Content-Type`.
    case auto
    case json
    case form
    case text
    case bytes
}
