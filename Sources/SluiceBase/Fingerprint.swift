/// The first 16 bytes of a SHA-256 digest, which identify longer data. Among 2⁶⁴ different inputs, two collide by
/// chance.
package struct Fingerprint: Sendable, Hashable {
    /// The first eight bytes and the last eight, big-endian.
    package let high: UInt64
    package let low: UInt64

    /// - Parameter digest: at least 16 bytes; the first 16 are used.
    package init(_ digest: Span<UInt8>) {
        precondition(digest.count >= Self.byteCount, "a fingerprint needs 16 bytes")
        high = Self.word(digest, at: 0)
        low = Self.word(digest, at: 8)
    }

    /// Creates a fingerprint from its halves.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static let byteCount = 16

    /// The 16 bytes in order.
    package var bytes: [UInt8] {
        (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - 8 * ($0 & 7))) }
    }

    private static func word(_ bytes: Span<UInt8>, at start: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in start..<(start + 8) { word = word << 8 | UInt64(bytes[index]) }
        return word
    }
}

extension Fingerprint: CustomStringConvertible {
    /// 32 hexadecimal digits.
    package var description: String { Hex.encode(bytes) }
}

/// The names of a job rule's result, and a digest of the rule, which show whether the rule was changed.
///
/// A dead letter has that of the rule that failed, so that retrying it does not silently create another job.
package struct RuleIdentity: Sendable, Hashable {
    /// The name of the kind; nil for a rule with `type`.
    package let kind: String?
    /// The job's type; `nil` if it is derived from the request.
    package let type: String?
    /// The job's queue; `nil` if it is derived from the request.
    package let queue: String?
    /// Over the rule's conditions, kind or type, payload and options as written, independent of its position in the
    /// file.
    package let digest: Fingerprint

    package init(kind: String?, type: String?, queue: String?, digest: Fingerprint) {
        self.kind = kind
        self.type = type
        self.queue = queue
        self.digest = digest
    }

    /// The differences of this rule from an earlier one, such as `type a instead of b`; empty if the names are the
    /// same.
    package func differences(from earlier: RuleIdentity) -> [String] {
        let fields = [("kind", kind, earlier.kind), ("type", type, earlier.type), ("queue", queue, earlier.queue)]
        return fields.compactMap { name, now, before in
            guard now != before else { return nil }
            return "\(name) \(now ?? "(none)") instead of \(before ?? "(none)")"
        }
    }
}
