/// Whether `unique_key` is sent along: the setting `zizq.unique_keys`.
package enum UniqueKeyPolicy: String, Sendable, CaseIterable {
    /// Until the server says that it has no licence for it, and now and then after that.
    case auto
    /// Always: a server without the licence is set up wrongly.
    case always
    /// Never.
    case never
}
