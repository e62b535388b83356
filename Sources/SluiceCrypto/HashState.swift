internal import CSluiceOpenSSL

/// A running hash: OpenSSL's `EVP_MD_CTX`, owned. Belongs to one thread at a time.
///
/// The calls fail only without memory, which ends the process.
@safe
struct HashState: ~Copyable {
    let algorithm: HashAlgorithm
    // Only allocated and freed here.
    private let context: OpaquePointer

    /// Starts a new text.
    init(_ algorithm: HashAlgorithm) {
        self.algorithm = algorithm
        unsafe context = Self.newContext()
        unsafe Self.check(EVP_DigestInit_ex2(context, algorithm.implementation, nil))
    }

    /// Continues from the state of `other`, which does not change: several threads may copy the same state while none
    /// changes it.
    init(copying other: borrowing HashState) {
        algorithm = other.algorithm
        unsafe context = Self.newContext()
        unsafe Self.check(EVP_MD_CTX_copy_ex(context, other.context))
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    mutating func update(_ bytes: Span<UInt8>) {
        // OpenSSL reads the bytes during the call and keeps no pointer.
        unsafe bytes.withUnsafeBufferPointer { unsafe Self.check(EVP_DigestUpdate(context, $0.baseAddress, $0.count)) }
    }

    /// Ends the text; no bytes can be added after it.
    mutating func finish() -> Digest {
        var digest = Digest(count: algorithm.digestSize)
        var output = digest.bytes.mutableSpan
        // 64 bytes are enough for every algorithm.
        unsafe output.withUnsafeMutableBufferPointer {
            unsafe Self.check(EVP_DigestFinal_ex(context, $0.baseAddress, nil))
        }
        return digest
    }

    private static func newContext() -> OpaquePointer {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("OpenSSL is out of memory") }
        return unsafe context
    }

    private static func check(_ status: Int32) {
        guard status == 1 else { preconditionFailure("OpenSSL cannot hash: \(OpenSSLError("hashing"))") }
    }
}

/// A hash that has processed a block and is then only copied.
final class SharedHashState: @unchecked Sendable {
    // `@unchecked` because of the pointer: the state does not change after `init`, and OpenSSL copies it without
    // writing to it.
    let state: HashState

    init(_ algorithm: HashAlgorithm, after block: Span<UInt8>) {
        var state = HashState(algorithm)
        state.update(block)
        self.state = state
    }
}
