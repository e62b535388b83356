internal import CSluiceOpenSSL
internal import SluiceBase

/// A secret, prepared once for authenticating any number of messages (HMAC, RFC 2104). Can be used by several threads
/// concurrently.
///
/// The part that only depends on the key, a block of each of the two hashes, is computed here and copied for each
/// message.
package final class HMACKey: Sendable {
    package let algorithm: HashAlgorithm
    /// The hash of the key XOR `ipad`, the start of each message.
    let inner: SharedHashState
    /// The hash of the key XOR `opad`, which is continued with the inner digest.
    let outer: SharedHashState

    /// - Parameter key: of any length; RFC 2104 §3 recommends at least the length of a digest.
    package init(_ algorithm: HashAlgorithm, key: Span<UInt8>) {
        self.algorithm = algorithm
        var block = Self.block(algorithm, key)
        defer { Self.wipe(&block) }
        for index in block.indices { block[index] ^= 0x36 }
        inner = SharedHashState(algorithm, after: block.span)
        for index in block.indices { block[index] ^= 0x36 ^ 0x5C }
        outer = SharedHashState(algorithm, after: block.span)
    }

    /// The authentication code of a message in one piece.
    package func authenticate(_ message: Span<UInt8>) -> Digest {
        var computation = HMACComputation(self)
        computation.update(message)
        return computation.finish()
    }

    /// The key, or the digest of one longer than a block, padded with zeros. Never reallocated, so that it can be
    /// wiped.
    private static func block(_ algorithm: HashAlgorithm, _ key: Span<UInt8>) -> [UInt8] {
        var block: [UInt8] = []
        block.reserveCapacity(algorithm.blockSize)
        if key.count > algorithm.blockSize {
            block.append(Hash.digest(algorithm, key).span)
        } else {
            block.append(key)
        }
        while block.count < algorithm.blockSize { block.append(0) }
        return block
    }

    private static func wipe(_ bytes: inout [UInt8]) {
        // Not an assignment, which an optimizer may drop before the memory is freed.
        unsafe bytes.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
}

/// The authentication code of a message in pieces, such as a timestamp, a dot and a body. Belongs to one thread at a
/// time.
package struct HMACComputation: ~Copyable {
    private let key: HMACKey
    private var state: HashState

    package init(_ key: HMACKey) {
        self.key = key
        state = HashState(copying: key.inner.state)
    }

    /// Adds the next piece of the message.
    package mutating func update(_ bytes: Span<UInt8>) { state.update(bytes) }

    /// Ends the message.
    package consuming func finish() -> Digest {
        let digest = state.finish()
        var outer = HashState(copying: key.outer.state)
        outer.update(digest.span)
        return outer.finish()
    }
}

/// Whether two byte strings are equal, in a time that only depends on their lengths: for signatures and tokens.
package func constantTimeEquals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    // Both buffers have `count` bytes, and neither outlives its closure.
    return unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in
            unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
        }
    }
}
