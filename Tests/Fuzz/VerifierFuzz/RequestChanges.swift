/// Changes of the bytes of a request, head and body: each is a position, an operation, and its bytes.
struct RequestChanges {
    private let input: ArraySlice<UInt8>

    /// What senders, proxies and attackers add.
    private static let words: [[UInt8]] = [
        "\r\n", "\r\nX: y", ":", " ", "\t", ",", ", ", ";", "=", "?", "&", "%", "%00", "%2B", "+", "\"", "\\", "{", "}",
        "[", "]", "null", "0", "-1", "99999999999999999999", "sha256=", "v1=", "t=", "v0=", "Basic ", "Bearer ", "e30.",
        "AAAA", "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Encoding: gzip\r\n", "\u{FEFF}",
        "\u{0}", "\u{1B}", "\u{202E}", "\u{9B}",
    ].map { Array($0.utf8) }

    init(_ input: ArraySlice<UInt8>) { self.input = input }

    /// The request after all changes.
    func applied(to request: [UInt8]) -> [UInt8] {
        var (bytes, rest) = (request, input)
        while rest.count >= 4, bytes.count < 20_000 {
            let change = Array(rest.prefix(4))
            rest = rest.dropFirst(4)
            let (position, operation, value) = (
                (Int(change[0]) << 8 | Int(change[1])) % (bytes.count + 1), change[2], change[3]
            )
            switch operation % 8 {
            case 0: bytes.insert(value, at: position)
            case 1 where position < bytes.count: bytes[position] = value
            case 2 where position < bytes.count: bytes[position] ^= 1 << (value % 8)
            case 3: bytes.removeSubrange(position..<min(bytes.count, position + Int(value)))
            case 4: bytes.insert(contentsOf: Self.words[Int(value) % Self.words.count], at: position)
            case 5: repeatLine(at: position, count: Int(value % 3) + 1, in: &bytes)
            case 6: swapCase(at: position, count: Int(value), in: &bytes)
            case 7: bytes.insert(contentsOf: bytes[position..<min(bytes.count, position + Int(value))], at: position)
            default: break
            }
        }
        return bytes
    }

    private func repeatLine(at position: Int, count: Int, in bytes: inout [UInt8]) {
        let end = (bytes[position...].firstIndex(of: 0x0A) ?? bytes.count - 1) + 1
        let start = (bytes[..<position].lastIndex(of: 0x0A) ?? -1) + 1
        let line = Array(bytes[start..<end])
        for _ in 0..<count { bytes.insert(contentsOf: line, at: end) }
    }

    private func swapCase(at position: Int, count: Int, in bytes: inout [UInt8]) {
        for index in position..<min(bytes.count, position + count) where 0x41...0x5A ~= bytes[index] & 0xDF {
            bytes[index] ^= 0x20
        }
    }
}
