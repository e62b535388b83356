internal import CSluiceOpenSSL

/// The hash functions of FIPS 180-4 that webhook signatures are made with.
package enum HashAlgorithm: Sendable, Hashable, CaseIterable {
    /// For signatures of old senders only; still sound inside an HMAC.
    case sha1
    case sha256
    case sha512

    /// How many bytes a digest has.
    package var digestSize: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha512: 64
        }
    }

    /// How many bytes are hashed at a time, to which HMAC pads its key.
    var blockSize: Int {
        switch self {
        case .sha1, .sha256: 64
        case .sha512: 128
        }
    }

    /// OpenSSL's implementation, looked up once: a look-up takes longer than hashing a short text.
    var implementation: OpaquePointer {
        switch self {
        case .sha1: unsafe Self.sha1Implementation
        case .sha256: unsafe Self.sha256Implementation
        case .sha512: unsafe Self.sha512Implementation
        }
    }

    // Immutable and never freed; OpenSSL allows any thread to use an `EVP_MD`.
    private nonisolated(unsafe) static let sha1Implementation = unsafe fetch("SHA1")
    private nonisolated(unsafe) static let sha256Implementation = unsafe fetch("SHA256")
    private nonisolated(unsafe) static let sha512Implementation = unsafe fetch("SHA512")

    private static func fetch(_ name: String) -> OpaquePointer {
        guard let implementation = unsafe EVP_MD_fetch(nil, name, nil) else {
            preconditionFailure("OpenSSL has no \(name): \(OpenSSLError("looking it up"))")
        }
        return unsafe implementation
    }
}
