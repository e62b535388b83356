internal import CSluiceOpenSSL

/// OpenSSL's record of a failure.
///
/// OpenSSL has an error queue per thread. After a failure, the caller creates one of these on the same thread, which
/// empties the queue: otherwise a later failure would be reported with an old cause.
package struct OpenSSLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The operation that failed, to precede the reasons: `reading the certificate`.
    package let operation: String
    /// The library's text, the cause first, with the part of the library in brackets; may be empty.
    package let reasons: [String]

    /// Takes all errors from the calling thread's queue.
    package init(_ operation: String) {
        self.operation = operation
        var reasons: [String] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { break }
            reasons.append(Self.reason(code))
        }
        self.reasons = reasons
    }

    /// One line.
    package var description: String {
        reasons.isEmpty
            ? "\(operation) failed; OpenSSL gave no reason" : "\(operation): \(reasons.joined(separator: "; "))"
    }

    /// OpenSSL writes `error:0A000126:SSL routines::unexpected eof while reading`.
    private static func reason(_ code: UInt) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        // OpenSSL writes at most `count` bytes and ends them with a zero.
        unsafe buffer.withUnsafeMutableBufferPointer { unsafe ERR_error_string_n(code, $0.baseAddress, $0.count) }
        let line = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let parts = line.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
        return parts.count == 5 ? "\(parts[4]) (\(parts[2]))" : line
    }
}

/// OpenSSL's state of the whole process.
package enum OpenSSLState {
    /// Keeps the state until the process has ended. By default an exit handler frees it (`OPENSSL_init_crypto(3)`), and
    /// a thread that uses OpenSSL, or is only ending, at that moment crashes. Called once, before OpenSSL is used.
    package static func keepAtExit() {
        // Fails only without memory; the exit handler is then installed by the first use.
        _ = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
    }
}

/// Cryptographically secure random bytes, from OpenSSL's generator, which the kernel seeds. Can be used from any
/// thread.
package enum SecureRandom {
    /// - Parameter count: may be 0.
    package static func bytes(_ count: Int) -> [UInt8] {
        // The buffer has space for `count` bytes and is filled by the call.
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let isFilled = unsafe RAND_bytes(buffer.baseAddress, Int32(count)) == 1
            guard isFilled || count == 0 else { preconditionFailure("\(OpenSSLError("generating random bytes"))") }
            filled = count
        }
    }
}
