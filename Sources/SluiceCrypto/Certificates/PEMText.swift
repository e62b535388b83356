internal import CSluiceOpenSSL

/// Collects what OpenSSL writes as PEM (RFC 7468).
enum PEMText {
    /// - Parameter body: writes into the given `BIO` and returns 1 if that worked.
    /// - Returns: what was written; `nil` if it did not work.
    static func write(_ body: (OpaquePointer) -> Int32) -> String? {
        // Wiped when it is freed, because the text may be a key.
        guard let output = unsafe BIO_new(BIO_s_secmem()) else { return nil }
        defer { unsafe BIO_free(output) }
        guard unsafe body(output) == 1 else { return nil }
        var start: UnsafeMutablePointer<CChar>?
        // `BIO_get_mem_data`: the memory belongs to the `BIO` and is copied before that is freed.
        let count = unsafe BIO_ctrl(output, BIO_CTRL_INFO, 0, &start)
        guard let start = unsafe start else { return nil }
        return unsafe UnsafeRawBufferPointer(start: start, count: count).withMemoryRebound(to: UInt8.self) {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }
}
