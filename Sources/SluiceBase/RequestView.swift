/// One request for everything above HTTP: spans over the connection's buffer, valid on its event loop until the request
/// is answered. SluiceHTTP creates it, SluiceRoutes reads it.
package struct RequestView: ~Escapable {
    package let method: Span<UInt8>
    /// As received: path and, if present, `?` and query.
    package let target: Span<UInt8>
    /// The target before the first `?`, still percent-encoded.
    package let path: Span<UInt8>
    /// The target after the first `?`, still percent-encoded; empty if there is none.
    package let query: Span<UInt8>
    package let headers: HeaderView
    /// The whole body without chunk framing, with its content coding; empty while only the head has arrived.
    package let body: Span<UInt8>
    /// The client of the connection.
    package let peer: PeerAddress

    @_lifetime(copy method, copy target, copy headers, copy body)
    package init(method: Span<UInt8>, target: Span<UInt8>, headers: HeaderView, body: Span<UInt8>, peer: PeerAddress) {
        self.method = method
        self.target = target
        if let mark = target.firstIndex(of: UInt8(ascii: "?")) {
            self.path = target.extracting(0..<mark)
            self.query = target.extracting((mark + 1)..<target.count)
        } else {
            self.path = target
            self.query = target.extracting(target.count..<target.count)
        }
        self.headers = headers
        self.body = body
        self.peer = peer
    }
}

/// The address of the client of a connection.
package struct PeerAddress: Sendable, Hashable, CustomStringConvertible {
    /// 16 bytes; an IPv4 address in its mapped form `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2).
    package let address: SIMD16<UInt8>
    package let port: UInt16

    package init(address: SIMD16<UInt8>, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// The address of a request without a sender: `0.0.0.0:0`.
    package static let unknown = PeerAddress(ipv4: (0, 0, 0, 0), port: 0)

    /// An IPv4 address, from its four bytes.
    package init(ipv4: (UInt8, UInt8, UInt8, UInt8), port: UInt16) {
        address = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, ipv4.0, ipv4.1, ipv4.2, ipv4.3]
        self.port = port
    }

    package var isIPv4: Bool {
        for index in 0..<10 where address[index] != 0 { return false }
        return address[10] == 0xFF && address[11] == 0xFF
    }

    /// The range from which one sender can choose addresses: an IPv4 address, or the /64 of an IPv6 address (RFC 4291
    /// §2.5.4).
    package var network: SIMD16<UInt8> {
        guard !isIPv4 else { return address }
        var network = address
        for index in 8..<16 { network[index] = 0 }
        return network
    }

    /// The address without the port: dotted for IPv4; for IPv6 groups of hex digits with the longest run of zeros left
    /// out (RFC 5952).
    package var description: String {
        if isIPv4 { return (12..<16).map { String(address[$0]) }.joined(separator: ".") }
        let groups = (0..<8).map { UInt16(address[$0 * 2]) << 8 | UInt16(address[$0 * 2 + 1]) }
        guard let zeros = Self.longestZeroRun(groups) else { return Self.joined(groups[...]) }
        return Self.joined(groups[..<zeros.lowerBound]) + "::" + Self.joined(groups[zeros.upperBound...])
    }

    private static func joined(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > (best?.count ?? 0) { best = start..<end }
            start = max(end, start + 1)
        }
        return best
    }
}
