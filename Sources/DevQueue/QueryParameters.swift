internal import SluiceBase

/// The parameters of a query in their order, percent-decoded.
struct QueryParameters {
    private(set) var pairs: [(name: String, value: String)] = []

    init(_ query: Span<UInt8>) {
        for part in query.text.split(separator: "&") {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            pairs.append((Self.decode(halves[0]), halves.count > 1 ? Self.decode(halves[1]) : ""))
        }
    }

    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// The query with one parameter set to another value.
    func setting(_ name: String, to value: String) -> String {
        let others = removing(name).pairs + [(name, value)]
        return others.map { "\(Self.encode($0.name))=\(Self.encode($0.value))" }.joined(separator: "&")
    }

    /// The parameters without one of them.
    func removing(_ name: String) -> QueryParameters {
        var others = self
        others.pairs.removeAll { $0.name == name }
        return others
    }

    private static func decode(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let decoded = Hex.decode(Array(rest.prefix(2)).span)?.first {
                bytes.append(decoded)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func encode(_ text: String) -> String {
        text.utf8.map { byte in
            let character = Character(Unicode.Scalar(byte))
            let isPlain = character.isASCII && (character.isLetter || character.isNumber || "-._~".contains(character))
            return isPlain ? String(character) : "%" + Hex.encode([byte]).uppercased()
        }.joined()
    }
}
