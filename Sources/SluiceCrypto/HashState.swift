internal import CSluiceOpenSSL

/// A hash function at work: OpenSSL's `EVP_MD_CTX`, owned. It belongs to one thread at a time.
///
/// The calls fail only without memory, in which case the process ends.
@safe
struct HashState: ~Copyable {
    let algorithm: HashAlgorithm
    // Allocated and freed here alone.
    private let context: OpaquePointer

    /// Begins a new text.
    init(_ algorithm: HashAlgorithm) {
        self.algorithm = algorithm
        unsafe context = Self.newContext()
        unsafe Self.check(EVP_DigestInit_ex2(context, algorithm.implementation, nil))
    }

    /// Goes on from where `other` is, which stays as it is: any number of threads may copy the same state, as long as
    /// none changes it.
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

    /// Ends the text; the state must not be fed again.
    mutating func finish() -> Digest {
        var digest = Digest(count: algorithm.digestSize)
        var output = digest.bytes.mutableSpan
        // 64 bytes are room for every algorithm here.
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

/// A hash that has read a block and is only copied from then on.
final class SharedHashState: @unchecked Sendable {
    // `@unchecked` because of the pointer inside: the state is not changed after `init`, and OpenSSL copies it without
    // writing to it.
    let state: HashState

    init(_ algorithm: HashAlgorithm, after block: Span<UInt8>) {
        var state = HashState(algorithm)
        state.update(block)
        self.state = state
    }
}
