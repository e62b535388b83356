extension PeerAddress {
    /// Parses `192.0.2.1:8443` or `[2001:db8::1]:8443`: a numeric address and a decimal port from 0 to 65535.
    ///
    /// - Returns: `nil` for anything else, including host names.
    package init?(parsing text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            guard let address = Self.ipv6Address(host.dropFirst().dropLast()) else { return nil }
            self.init(address: address, port: port)
        } else {
            guard let address = Self.ipv4Address(host) else { return nil }
            self.init(address: address, port: port)
        }
    }

    /// Address and port in the syntax of `init(parsing:)`.
    package var hostAndPort: String { isIPv4 ? "\(self):\(port)" : "[\(self)]:\(port)" }

    /// The 16 bytes of a numeric address of either family, IPv4 in its mapped form.
    package static func address(parsing text: some StringProtocol) -> SIMD16<UInt8>? {
        ipv4Address(text) ?? ipv6Address(text)
    }

    /// A port in decimal, without sign or leading zeros.
    package static func port(_ text: some StringProtocol) -> UInt16? {
        guard isPlainDecimal(text) else { return nil }
        return UInt16(text)
    }

    private static func isPlainDecimal(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(ASCII.isDigit) && (text.count == 1 || !text.hasPrefix("0"))
    }

    private static func ipv4Address(_ text: some StringProtocol) -> SIMD16<UInt8>? {
        guard let bytes = ipv4Bytes(text) else { return nil }
        return [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, bytes[0], bytes[1], bytes[2], bytes[3]]
    }

    /// Four decimal parts and nothing else: `010.0.0.1`, which some parsers take for octal, is refused (RFC 6943
    /// §3.1.1).
    private static func ipv4Bytes(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.allSatisfy({ isPlainDecimal($0) }) else { return nil }
        let bytes = parts.compactMap { UInt8($0) }
        return bytes.count == 4 ? bytes : nil
    }

    /// Parses the text forms of RFC 4291 §2.2, without a zone.
    private static func ipv6Address(_ text: some StringProtocol) -> SIMD16<UInt8>? {
        guard let halves = halvesAroundDoubleColon(text), let front = groups(halves.front, areLast: halves.back == nil),
            let back = groups(halves.back ?? "", areLast: true)
        else { return nil }
        let missing = 8 - front.count - back.count
        guard halves.back == nil ? missing == 0 : missing >= 1 else { return nil }
        let all = front + [UInt16](repeating: 0, count: missing) + back
        var address = SIMD16<UInt8>()
        for (index, group) in all.enumerated() {
            address[index * 2] = UInt8(group >> 8)
            address[index * 2 + 1] = UInt8(group & 0xFF)
        }
        return address
    }

    private static func halvesAroundDoubleColon(_ text: some StringProtocol) -> (front: String, back: String?)? {
        let characters = Array(text)
        let colons = characters.indices.dropLast().filter { characters[$0] == ":" && characters[$0 + 1] == ":" }
        guard let index = colons.first else { return (String(text), nil) }
        guard colons.count == 1 else { return nil }
        return (String(characters[..<index]), String(characters[(index + 2)...]))
    }

    /// The groups on one side of `::`. The last one of the address may be a dotted IPv4 address, which counts as two.
    private static func groups(_ text: String, areLast: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if part.contains(".") {
                guard areLast, index == parts.count - 1, let bytes = ipv4Bytes(part) else { return nil }
                groups.append(UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
                groups.append(UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ Hex.value($0) != nil }),
                    let group = UInt16(part, radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }
}
