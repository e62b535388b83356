internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

/// How long a unique key keeps other jobs with the same key out: bound to what becomes of the job that has it, not to
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
    /// For as long as the server has a record of it, finished or dead.
    case exists
}

/// What makes two jobs the same: of two with one key the server keeps the first, and answers the second with it. Keys
/// are global, over all queues and types. Pro licence.
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
    /// What the server gets.
    public let key: String
    /// Where it holds; nil for what the kind says, and then the server.
    public let scope: UniqueScope?
    /// Why there is no key: told when a job with it is enqueued.
    private let problem: String?

    private init(_ key: String, scope: UniqueScope? = nil, problem: String? = nil) {
        self.key = key
        self.scope = scope
        self.problem = problem
    }

    /// A key as it is.
    ///
    /// ```swift
    /// let key = UniqueKey.raw("rebuild_index")
    /// ```
    public static func raw(_ key: String) -> UniqueKey { UniqueKey(key) }

    /// A key made of a value: SHA-256, in lower-case hex, of the value's JSON in one canonical form, in which the order
    /// of an object's keys and of a dictionary does not matter.
    ///
    /// ```swift
    /// let key = UniqueKey.hash(of: ["user": "42", "campaign": "spring"])
    /// ```
    ///
    /// The form: no white space; keys in the order of their UTF-8 bytes, the last of two equal ones; in strings only
    /// `"`, `\` and control characters escaped; integers of 64 bits as they are, other numbers as the shortest text of
    /// the nearest double. For texts, whole numbers, booleans, lists and objects it is the key that Zizq's Rust client
    /// makes of the same JSON.
    ///
    /// A value that has no JSON form (a number that is infinite or NaN) makes no key; a job that is to have it is
    /// refused when it is enqueued.
    public static func hash(of value: some Encodable) -> UniqueKey { hash(of: value, prefix: "") }

    /// The same with a text and a colon in front: `send_email:9f86d0…`. With the kind's name for a tag, jobs of two
    /// kinds never meet.
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
            return UniqueKey("", problem: "a unique key cannot be made of this value: \(CodingSentence.of(error))")
        }
    }

    /// The key in another scope.
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
