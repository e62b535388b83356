internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

/// How long a unique key keeps other jobs with the same key out. It depends on the state of the job that has it, not on
/// time.
///
/// ```swift
/// let key = UniqueKey.raw("rebuild_index").scoped(.exists)
/// ```
public enum UniqueScope: String, Sendable, Hashable, CaseIterable {
    /// While it waits to run. The server's default.
    case queued
    /// While it waits or runs.
    case active
    /// As long as the server has a record of it, even if it has finished or is dead.
    case exists
}

/// A key that makes two jobs the same: the server keeps the first one, and answers the second with it. Keys are global,
/// for all queues and types. Pro licence.
///
/// ```swift
/// struct SendWelcome: JobKind {
///     static let name = "send_welcome"
///     var userID: Int
///     var campaign: String
///     var uniqueKey: UniqueKey? { .taggedHash(Self.name, of: [String(userID), campaign]).scoped(.active) }
/// }
/// ```
public struct UniqueKey: Sendable, Hashable {
    /// The key as it is sent.
    public let key: String
    /// The scope of the key; `nil` for the kind's, or the server's default.
    public let scope: UniqueScope?
    /// The reason why there is no key, reported when the job is enqueued.
    private let problem: String?

    private init(_ key: String, scope: UniqueScope? = nil, problem: String? = nil) {
        self.key = key
        self.scope = scope
        self.problem = problem
    }

    /// A key as given.
    ///
    /// ```swift
    /// let key = UniqueKey.raw("rebuild_index")
    /// ```
    public static func raw(_ key: String) -> UniqueKey { UniqueKey(key) }

    /// A key from a value: SHA-256, in lower-case hex, of the value's JSON in a canonical form, in which the order of
    /// the keys of objects and dictionaries does not matter.
    ///
    /// ```swift
    /// let key = UniqueKey.hash(of: ["user": "42", "campaign": "spring"])
    /// ```
    ///
    /// The canonical form: no white space; keys in the order of their UTF-8 bytes, the last of two equal ones; in
    /// strings only `"`, `\` and control characters escaped; integers of 64 bits as they are, other numbers as the
    /// shortest text of the nearest double. For texts, whole numbers, booleans, lists and objects, Zizq's Rust client
    /// makes the same key from the same JSON.
    ///
    /// A value without a JSON form (an infinite number or NaN) has no key; its job is refused when it is enqueued.
    public static func hash(of value: some Encodable) -> UniqueKey { hash(of: value, prefix: "") }

    /// The same with a text and a colon in front: `send_email:9f86d0…`. With the kind's name as the tag, jobs of two
    /// kinds never have the same key.
    ///
    /// ```swift
    /// let key = UniqueKey.taggedHash("send_email", of: "alice@example.com")
    /// ```
    public static func taggedHash(_ tag: String, of value: some Encodable) -> UniqueKey {
        hash(of: value, prefix: "\(tag):")
    }

    private static func hash(of value: some Encodable, prefix: String) -> UniqueKey {
        do {
            let canonical = try JSONCanonical.of(JSONValueEncoder.encode(value))
            return UniqueKey(prefix + Hash.digest(.sha256, canonical.span).hex)
        } catch {
            return UniqueKey("", problem: "a unique key cannot be made of this value: \(CodingErrorText.of(error))")
        }
    }

    /// The key with another scope.
    ///
    /// ```swift
    /// let key = UniqueKey.raw("rebuild_index").scoped(.active)
    /// ```
    public func scoped(_ scope: UniqueScope) -> UniqueKey { UniqueKey(key, scope: scope, problem: problem) }

    func append(to bytes: inout [UInt8], scope: UniqueScope?) throws(ZizqError) {
        if let problem { throw .invalidArgument(problem) }
        guard !key.isEmpty else { throw .invalidArgument("a unique key is empty; it would be the same for every job") }
        JobObject.appendKey(key, heldWhile: scope?.rawValue, to: &bytes)
    }
}
