/// How a route reads the body: what `body` says.
enum BodyKind: String, CaseIterable, Sendable {
    /// By `Content-Type`: JSON, or a form.
    case auto
    case json
    case form
}
