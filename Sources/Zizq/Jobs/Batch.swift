internal import SluiceBase

/// Merges a job into a waiting job with the same batch key: while one waits and `when` is true, the new job's payload
/// is folded into it, and a worker gets both as one. Pro licence.
///
/// ```swift
/// struct Notify: JobKind {
///     static let name = "notify"
///     var devices: [String]
///     var platform: String
///     var batch: Batch? {
///         .collecting(at: ".devices", upTo: 100, key: "notify:\(platform)")
///     }
/// }
/// ```
public struct Batch: Sendable, Hashable {
    /// The name of the batch. There is one open batch per key.
    public var key: String
    /// A jq expression over the payloads `$existing` and `$new`: whether to merge the new one. If it is false, the
    /// batch is closed and the new job starts another one.
    public var when: String
    /// A jq expression over the same variables: the merged payload.
    public var fold: String

    /// Creates a batch.
    public init(key: String, when: String, fold: String) {
        self.key = key
        self.when = when
        self.fold = fold
    }

    /// How two lists are merged.
    public enum Merging: Sendable, Hashable {
        /// Concatenated.
        case appended
        /// Sorted, without duplicates.
        case unique
        /// Sorted.
        case sorted
    }

    /// A batch that collects the lists at a path of the payloads.
    ///
    /// ```swift
    /// let batch = Batch.collecting(at: ".", upTo: 1000, key: "audit")
    /// ```
    ///
    /// - Parameters:
    ///   - path: a jq path such as `.`, `.devices` or `.a.b[0]`, with the names in the JSON.
    ///   - limit: the maximum length of the list. A job that would exceed it starts a new batch with its whole list.
    ///   - key: the name of the batch.
    ///   - merging: how the lists are merged.
    public static func collecting(at path: String, upTo limit: Int, key: String, merging: Merging = .appended) -> Batch
    {
        let pipe =
            switch merging {
            case .appended: ""
            case .unique: " | unique"
            case .sorted: " | sort"
            }
        let joined = "(($existing | \(path)) + ($new | \(path)))"
        let fold = path == "." ? joined + pipe : "$existing | \(path) = (\(joined)\(pipe))"
        return Batch(key: key, when: "\(joined) | length <= \(limit)", fold: fold)
    }

    func option() throws(ZizqError) -> JobOption {
        guard !key.isEmpty else {
            throw .invalidArgument("the key of a batch is empty; every job would be folded into one")
        }
        return .batch(JobBatch(key: key, when: when, fold: fold))
    }
}
