package import SluiceBase

/// The sender of a request behind proxies.
package enum SenderAddress {
    private static let forwardedFor: HeaderName = "x-forwarded-for"
    /// The maximum number of addresses that are read, from the right: more proxies than any request passes.
    package static let maximumEntries = 32
    /// The length of the longest address, with brackets and a port.
    private static let longestEntry = 53

    /// The sender's address: the peer's own unless the peer is trusted; then, of the addresses in `X-Forwarded-For`,
    /// the right-most one that is not trusted. Addresses that the sender wrote in front of it are never used.
    ///
    /// All lines of the header are one list (RFC 9110 §5.3). An invalid entry ends the search, and so does the limit of
    /// entries: the entries before it cannot be trusted. The sender's address is then the last trusted one.
    package static func of(_ request: borrowing RequestView, trusted: [AddressBlock]) -> PeerAddress {
        guard trusted.contains(where: { $0.contains(request.peer) }) else { return request.peer }
        var result = request.peer
        var left = maximumEntries
        for line in lines(of: request).reversed() {
            let list = request.headers.value(at: line)
            var end = list.count
            repeat {
                let start = start(ofEntryBefore: end, in: list)
                guard left > 0, let address = address(list.extracting(start..<end)) else { return result }
                left -= 1
                result = PeerAddress(address: address, port: 0)
                guard trusted.contains(where: { $0.contains(result) }) else { return result }
                // Before the comma; negative after the first entry.
                end = start - 1
            } while end >= 0
        }
        return result
    }

    /// The positions of the header's lines.
    private static func lines(of request: borrowing RequestView) -> [Int] {
        var lines: [Int] = []
        var next = request.headers.firstIndex(of: forwardedFor)
        while let index = next {
            lines.append(index)
            next = request.headers.firstIndex(of: forwardedFor, from: index + 1)
        }
        return lines
    }

    private static func start(ofEntryBefore end: Int, in list: Span<UInt8>) -> Int {
        var start = end
        while start > 0, list[start - 1] != UInt8(ascii: ",") { start -= 1 }
        return start
    }

    /// `192.0.2.1`, `2001:db8::1`, and both with a port, which some proxies add.
    private static func address(_ entry: Span<UInt8>) -> SIMD16<UInt8>? {
        var (start, end) = (0, entry.count)
        while start < end, isBlank(entry[start]) { start += 1 }
        while end > start, isBlank(entry[end - 1]) { end -= 1 }
        guard end - start <= longestEntry else { return nil }
        let text = entry.extracting(start..<end).text
        return PeerAddress.address(parsing: text) ?? PeerAddress(parsing: text)?.address ?? bracketed(text)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == UInt8(ascii: "\t") }

    private static func bracketed(_ entry: String) -> SIMD16<UInt8>? {
        guard entry.hasPrefix("["), entry.hasSuffix("]") else { return nil }
        return PeerAddress.address(parsing: entry.dropFirst().dropLast())
    }
}
