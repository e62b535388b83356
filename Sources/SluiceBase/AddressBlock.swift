/// A range of addresses in CIDR notation: `10.0.0.0/8`, `2001:db8::/32`, or one address.
package struct AddressBlock: Sendable, Hashable {
    /// 16 bytes; IPv4 in its mapped form, as in `PeerAddress`.
    private let address: SIMD16<UInt8>
    /// The number of significant leading bits of the 16 bytes, 0…128.
    private let prefixLength: Int

    /// Parses an address with or without `/length`.
    ///
    /// - Returns: `nil` for anything else, and if bits after the prefix are set (`10.0.0.1/8`), which is probably a
    ///   mistake.
    package init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = PeerAddress.address(parsing: parts[0]) else { return nil }
        let peer = PeerAddress(address: address, port: 0)
        // An IPv4 block comes after the 96 bits of the mapped form.
        let offset = peer.isIPv4 && parts[0].contains(".") && !parts[0].contains(":") ? 96 : 0
        var length = 128
        if parts.count == 2 {
            guard let written = PeerAddress.port(parts[1]), Int(written) <= 128 - offset else { return nil }
            length = Int(written) + offset
        }
        self.address = address
        self.prefixLength = length
        guard Self.masked(address, length) == address else { return nil }
    }

    /// Whether the peer's address is in the block. The port does not matter.
    package func contains(_ peer: PeerAddress) -> Bool { Self.masked(peer.address, prefixLength) == address }

    /// An address in the block, without a port: the first possible host, `10.0.0.1` of `10.0.0.0/8`.
    package var anyAddress: PeerAddress {
        var host = address
        if prefixLength < 127 { host[15] |= 1 }
        return PeerAddress(address: host, port: 0)
    }

    private static func masked(_ address: SIMD16<UInt8>, _ length: Int) -> SIMD16<UInt8> {
        var result = address
        for index in 0..<16 {
            let kept = min(max(length - index * 8, 0), 8)
            result[index] &= UInt8(truncatingIfNeeded: 0xFF00 >> kept)
        }
        return result
    }
}

extension AddressBlock: CustomStringConvertible {
    package var description: String {
        let peer = PeerAddress(address: address, port: 0)
        return peer.isIPv4 && prefixLength >= 96 ? "\(peer)/\(prefixLength - 96)" : "\(peer)/\(prefixLength)"
    }
}
