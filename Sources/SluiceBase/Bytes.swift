internal import Glibc

extension Span where Element == UInt8 {
    /// The bytes as text, malformed UTF-8 replaced. Copies.
    package var text: String {
        // The buffer does not outlive the closure.
        unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes as an array. Copies.
    package var array: [UInt8] {
        // One memory copy; the buffer does not outlive the closure.
        unsafe withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// Whether the bytes are those of `literal`.
    package func equals(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        return literal.withUTF8Buffer { buffer in
            // `buffer` has `count` bytes, checked above.
            for index in indices where unsafe self[index] != buffer[index] { return false }
            return true
        }
    }

    /// Whether the bytes are those of `other`, byte for byte. Not for secrets: it stops at the first difference.
    @inlinable
    package func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    /// Whether the bytes equal `lowercased` when ASCII letters are compared without case (header names, RFC 9110 §5.1).
    @inlinable
    package func equalsIgnoringCase(_ lowercased: Span<UInt8>) -> Bool {
        guard count == lowercased.count else { return false }
        for index in indices where ASCII.lowercase(self[index]) != lowercased[index] { return false }
        return true
    }

    /// The first position of `byte` from `start` on.
    package func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        guard start < count else { return nil }
        let rest = extracting(start...)
        // `memchr` only reads the bytes of the buffer, which does not outlive the closure.
        return unsafe rest.withUnsafeBytes { buffer in
            guard let first = buffer.baseAddress, let found = unsafe memchr(first, Int32(byte), buffer.count) else {
                return nil
            }
            return unsafe start + (UnsafeRawPointer(found) - first)
        }
    }
}

extension [UInt8] {
    /// Appends the bytes of a span in one memory copy.
    package mutating func append(_ bytes: Span<UInt8>) {
        // The buffer does not outlive the closure.
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}

/// ASCII predicates for byte-level readers. Inlinable, like the comparisons above: a call into another module for each
/// byte costs more than the rest of the work.
@usableFromInline
package enum ASCII {
    @inlinable package static var lineFeed: UInt8 { 0x0A }
    @inlinable package static var carriageReturn: UInt8 { 0x0D }
    @inlinable package static var space: UInt8 { 0x20 }
    @inlinable package static var tab: UInt8 { 0x09 }

    /// An ASCII letter in lower case; any other byte unchanged.
    @inlinable @inline(__always)
    package static func lowercase(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// Whether it is one of the ASCII digits 0 to 9.
    @inlinable @inline(__always)
    package static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
}

extension [UInt8] {
    /// Moves the bytes of `range` to `target`. The two ranges may overlap.
    ///
    /// - Parameter target: at most `range.lowerBound`; bytes only move towards the front.
    package mutating func moveBytes(_ range: Range<Int>, to target: Int) {
        precondition(
            target >= 0 && target <= range.lowerBound && range.upperBound <= count, "A move must stay inside the array."
        )
        guard target != range.lowerBound, !range.isEmpty else { return }
        // Both ranges are inside the array, checked above; the buffer does not outlive the closure.
        unsafe withUnsafeMutableBytes { buffer in
            let source = unsafe UnsafeRawBufferPointer(rebasing: buffer[range])
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[target..<(target + range.count)]).copyMemory(
                from: source)
        }
    }
}
