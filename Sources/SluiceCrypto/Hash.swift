internal import CSluiceOpenSSL
internal import SluiceBase

/// Hashes bytes. Can be used from any thread.
package enum Hash {
    /// The digest of a text in one piece.
    package static func digest(_ algorithm: HashAlgorithm, _ bytes: Span<UInt8>) -> Digest {
        var state = HashState(algorithm)
        state.update(bytes)
        return state.finish()
    }
}

/// The hash functions of webhook signatures.
package enum HashAlgorithm: Sendable, Hashable, CaseIterable {
    /// Broken: for a digest of the body in a signed text, never for a signature.
    case md5
    /// Only for signatures of old senders; still secure in an HMAC.
    case sha1
    case sha256
    case sha384
    case sha512

    /// The size of a digest in bytes.
    package var digestSize: Int {
        switch self {
        case .md5: 16
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// The size of a block in bytes, to which HMAC pads its key.
    var blockSize: Int {
        switch self {
        case .md5, .sha1, .sha256: 64
        case .sha384, .sha512: 128
        }
    }

    /// OpenSSL's implementation, looked up once: a look-up takes longer than hashing a short text.
    var implementation: OpaquePointer {
        switch self {
        case .md5: unsafe Self.md5Implementation
        case .sha1: unsafe Self.sha1Implementation
        case .sha256: unsafe Self.sha256Implementation
        case .sha384: unsafe Self.sha384Implementation
        case .sha512: unsafe Self.sha512Implementation
        }
    }

    // Immutable and never freed; OpenSSL allows any thread to use an `EVP_MD`.
    private nonisolated(unsafe) static let md5Implementation = unsafe fetch("MD5")
    private nonisolated(unsafe) static let sha1Implementation = unsafe fetch("SHA1")
    private nonisolated(unsafe) static let sha256Implementation = unsafe fetch("SHA256")
    private nonisolated(unsafe) static let sha384Implementation = unsafe fetch("SHA384")
    private nonisolated(unsafe) static let sha512Implementation = unsafe fetch("SHA512")

    private static func fetch(_ name: String) -> OpaquePointer {
        guard let implementation = unsafe EVP_MD_fetch(nil, name, nil) else {
            preconditionFailure("OpenSSL has no \(name): \(OpenSSLError("looking it up"))")
        }
        return unsafe implementation
    }
}

/// The result of a hash function or an HMAC: up to 64 bytes, stored inline without an allocation.
package struct Digest: Sendable, Hashable, CustomStringConvertible {
    /// The bytes beyond `count` are zero.
    var bytes: InlineArray<64, UInt8>
    /// The number of bytes.
    package let count: Int

    /// All zero.
    init(count: Int) {
        bytes = InlineArray(repeating: 0)
        self.count = count
    }

    /// The bytes, valid as long as the digest is not moved.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(0..<count) }
    }

    /// Base 16 in lower case.
    package var hex: String { Hex.encode(span.array) }

    /// The same as `hex`.
    package var description: String { hex }

    /// In constant time, because a digest may be a signature.
    package static func == (left: Self, right: Self) -> Bool {
        var difference: UInt8 = left.count == right.count ? 0 : 1
        for index in left.bytes.indices { difference |= left.bytes[index] ^ right.bytes[index] }
        return difference == 0
    }

    package func hash(into hasher: inout Hasher) {
        for index in 0..<count { hasher.combine(bytes[index]) }
    }
}
