internal import SluiceBase

/// With which jobs one is folded together: as long as a job with the same batch key waits, and `when` says so, a new
/// job's payload is merged into it, and a worker gets both as one. Pro licence.
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
    /// Names the batch; one is open for each key.
    public var key: String
    /// A jq expression over `$existing` and `$new`, the two payloads: whether the new one is merged. If not, the batch
    /// is closed and the new job begins another.
    public var when: String
    /// A jq expression over the same: the merged payload.
    public var fold: String

    /// A batch of these three.
    public init(key: String, when: String, fold: String) {
        self.key = key
        self.when = when
        self.fold = fold
    }

    /// What happens to the elements of two lists that become one.
    public enum Merging: Sendable, Hashable {
        /// One behind the other.
        case appended
        /// Each once, sorted.
        case unique
        /// Sorted.
        case sorted
    }

    /// Collects the lists at one place of the payloads.
    ///
    /// ```swift
    /// let batch = Batch.collecting(at: ".", upTo: 1000, key: "audit")
    /// ```
    ///
    /// - Parameters:
    ///   - path: a jq path such as `.`, `.devices` or `.a.b[0]`, by the names that stand in the JSON.
    ///   - limit: how long the list may become. A job whose list would make it longer begins a new batch with the whole
    ///     of its own.
    ///   - key: names the batch.
    ///   - merging: what becomes of the elements.
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
