package import SluiceBase

/// The sender of a request behind proxies.
package enum SenderAddress {
    private static let forwardedFor: HeaderName = "x-forwarded-for"

    /// The sender's address: the peer's own unless the peer is trusted; then, of the addresses in `X-Forwarded-For`,
    /// the right-most one that is not trusted. Addresses that the sender wrote in front of it are never used.
    ///
    /// All lines of the header are one list (RFC 9110 §5.3). An invalid entry ends the search: the entries before it
    /// cannot be trusted.
    package static func of(_ request: borrowing RequestView, trusted: [AddressBlock]) -> PeerAddress {
        guard trusted.contains(where: { $0.contains(request.peer) }) else { return request.peer }
        var result = request.peer
        for entry in entries(of: request).reversed() {
            guard let address = address(entry) else { return result }
            result = PeerAddress(address: address, port: 0)
            guard trusted.contains(where: { $0.contains(result) }) else { return result }
        }
        return result
    }

    private static func entries(of request: borrowing RequestView) -> [String] {
        var entries: [String] = []
        var next = request.headers.firstIndex(of: forwardedFor)
        while let index = next {
            let line = request.headers.value(at: index).text
            entries += line.split(separator: ",", omittingEmptySubsequences: false).map {
                $0.trimming { $0 == " " || $0 == "\t" }
            }
            next = request.headers.firstIndex(of: forwardedFor, from: index + 1)
        }
        return entries
    }

    /// `192.0.2.1`, `2001:db8::1`, and both with a port, which some proxies add.
    private static func address(_ entry: String) -> SIMD16<UInt8>? {
        PeerAddress.address(parsing: entry) ?? PeerAddress(parsing: entry)?.address ?? bracketed(entry)
    }

    private static func bracketed(_ entry: String) -> SIMD16<UInt8>? {
        guard entry.hasPrefix("["), entry.hasSuffix("]") else { return nil }
        return PeerAddress.address(parsing: entry.dropFirst().dropLast())
    }
}
