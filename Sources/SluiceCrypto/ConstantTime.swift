internal import CSluiceOpenSSL

/// Whether two byte strings are equal, in a time that depends on their lengths alone: for signatures and tokens.
package func constantTimeEquals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    // Both buffers have `count` bytes, and neither outlives its closure.
    return unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0 }
    }
}
