package import SluiceBase
internal import SluiceCrypto

/// The unique key of one delivery.
package struct RenderedKey: Sendable, Hashable {
    /// What goes to Zizq as `unique_key`: `route:key`, or where that has more than 200 bytes or is no UTF-8 `sha256:` and its digest in
    /// hex. It is never longer than 200 bytes.
    package let text: String
    /// What the gateway remembers: made from the route's name and the key's parts, each with its type and length.
    package let hash: Fingerprint

    /// - Parameters:
    ///   - scope: the route's name.
    ///   - parts: none of them blank.
    init(scope: [UInt8], parts: [KeyPart], isList: Bool) {
        hash = Self.fingerprint(scope, parts)
        text = Self.text(prefix: scope, parts, isList: isList)
    }

    /// The longest key that goes to Zizq as it is, in bytes.
    static let longestText = 200

    /// The text of a key for Zizq.
    ///
    /// - Parameter prefix: the route's name; `nil` for a rule's own key, which is not scoped.
    static func text(prefix: [UInt8]?, _ parts: [KeyPart], isList: Bool) -> String {
        var bytes: [UInt8] = []
        if let prefix {
            bytes.reserveCapacity(prefix.count + 1 + (parts.first?.bytes.count ?? 0))
            bytes += prefix
            bytes.append(UInt8(ascii: ":"))
        }
        for (index, part) in parts.enumerated() {
            guard isList else {
                bytes += part.bytes
                continue
            }
            if index > 0 { bytes.append(UInt8(ascii: "|")) }
            bytes.append(part.type.rawValue)
            bytes += Array("\(part.bytes.count):".utf8)
            bytes += part.bytes
        }
        if bytes.count <= longestText, let text = String(validating: bytes, as: UTF8.self) { return text }
        return "sha256:\(Hash.digest(.sha256, bytes.span).hex)"
    }

    /// Lengths stand before what they count, so that no two different inputs are the same bytes.
    private static func fingerprint(_ scope: [UInt8], _ parts: [KeyPart]) -> Fingerprint {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(96 + scope.count)
        append(scope, to: &bytes)
        // How many path parameters scope the key besides the route's name.
        appendCount(0, to: &bytes)
        appendCount(parts.count, to: &bytes)
        for part in parts {
            bytes.append(part.type.rawValue)
            append(part.bytes, to: &bytes)
        }
        let digest = Hash.digest(.sha256, bytes.span)
        return Fingerprint(digest.span)
    }

    private static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        appendCount(text.count, to: &bytes)
        bytes += text
    }

    private static func appendCount(_ count: Int, to bytes: inout [UInt8]) {
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
    }
}

/// One part of a unique key as it was found in a request.
struct KeyPart: Sendable, Hashable {
    enum PartType: UInt8, Sendable {
        case text = 0x73
        case number = 0x6E
        case boolean = 0x62
        /// An object or an array, as its exact JSON.
        case json = 0x6A
        /// A JSON string that is no Unicode text, as its exact JSON.
        case raw = 0x72
    }

    let type: PartType
    let bytes: [UInt8]

    /// Whether it says nothing: empty, or nothing but white space.
    var isBlank: Bool {
        bytes.allSatisfy { $0 == ASCII.space || $0 == ASCII.tab || $0 == ASCII.lineFeed || $0 == ASCII.carriageReturn }
    }
}
