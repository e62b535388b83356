internal import CSluiceOpenSSL

/// Random bytes that nobody can guess, from OpenSSL's generator, which the kernel seeds. Callable from any thread.
package enum SecureRandom {
    /// - Parameter count: how many; none is fine.
    package static func bytes(_ count: Int) -> [UInt8] {
        // The buffer has room for `count` bytes and is filled by the call.
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let isFilled = unsafe RAND_bytes(buffer.baseAddress, Int32(count)) == 1
            guard isFilled || count == 0 else { preconditionFailure("\(OpenSSLError("making random bytes"))") }
            filled = count
        }
    }
}
