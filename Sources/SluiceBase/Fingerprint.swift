/// 16 bytes that stand for longer ones: the first half of a SHA-256 digest. Two of 2⁶⁴ different inputs collide by
/// chance.
package struct Fingerprint: Sendable, Hashable {
    /// The first eight bytes and the last eight, each with the most significant one first.
    package let high: UInt64
    package let low: UInt64

    /// - Parameter digest: at least 16 bytes, of which the first 16 are taken.
    package init(_ digest: Span<UInt8>) {
        precondition(digest.count >= Self.byteCount, "a fingerprint needs 16 bytes")
        high = Self.word(digest, at: 0)
        low = Self.word(digest, at: 8)
    }

    /// From its two halves.
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

/// What a job rule makes, and a digest of all that it says: tells whether a rule of the route files is still the one of
/// an earlier time.
///
/// A dead letter keeps that of the rule by which it failed, so that sending it again does not make another job in
/// silence.
package struct RuleIdentity: Sendable, Hashable {
    /// The name of the kind; nil for a rule with `type`.
    package let kind: String?
    /// The job's type; nil where it is made of the request.
    package let type: String?
    /// The job's queue; nil where it is made of the request.
    package let queue: String?
    /// Over the rule's conditions, kind or type, payload and options as they are written, wherever the rule stands in
    /// its file.
    package let digest: Fingerprint

    package init(kind: String?, type: String?, queue: String?, digest: Fingerprint) {
        self.kind = kind
        self.type = type
        self.queue = queue
        self.digest = digest
    }

    /// How a rule differs from this one, in words such as `type a instead of b`; empty where what both make has the
    /// same names.
    package func differences(from earlier: RuleIdentity) -> [String] {
        let fields = [("kind", kind, earlier.kind), ("type", type, earlier.type), ("queue", queue, earlier.queue)]
        return fields.compactMap { name, now, before in
            guard now != before else { return nil }
            return "\(name) \(now ?? "(none)") instead of \(before ?? "(none)")"
        }
    }
}
