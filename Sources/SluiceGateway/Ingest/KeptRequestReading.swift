package import SluiceBase
internal import SluiceHTTP

/// Reads the bytes of a request that was kept, which passed all limits when it came.
package enum KeptRequestReading {
    /// Lends the request, whose sender nobody knows any more, during the call.
    ///
    /// - Returns: `nil` for bytes that are no request.
    package static func read<Result>(_ bytes: [UInt8], _ use: (borrowing RequestView) -> Result) -> Result? {
        var parser = RequestParser(limits: .unlimited)
        let bytes = bytes.span
        guard case .head(let head) = parser.parse(bytes) else { return nil }
        return use(head.view(over: bytes, body: bytes.extracting(head.length..<bytes.count), peer: .unknown))
    }
}

extension HTTPLimits {
    /// For what has passed the limits once.
    fileprivate static var unlimited: HTTPLimits {
        var limits = HTTPLimits()
        // Far from the largest integer: the parser adds to them.
        limits.headBytes = 1 << 40
        limits.headerLines = 1 << 40
        limits.targetBytes = 1 << 40
        return limits
    }
}
