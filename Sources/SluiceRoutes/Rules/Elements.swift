internal import SluiceBase
package import SluiceJSON

/// What `each` says: of which array the elements become jobs of their own.
package struct Elements: Sendable {
    /// As messages name it, without blanks and braces.
    let name: String
    /// The way to the elements, ending in `each`.
    package let path: JSONPath
    /// The position of that path among those of the route.
    let pathID = 0
    /// Whether the body is JSON lines, one element a line.
    package let areLines: Bool
    /// Whether an array that is absent or null is as good as an empty one: `?? null`.
    let mayBeAbsent: Bool

    package init(name: String, path: JSONPath, areLines: Bool, mayBeAbsent: Bool) {
        self.name = name
        self.path = path
        self.areLines = areLines
        self.mayBeAbsent = mayBeAbsent
    }

}

extension JSONPath {
    /// `body.entry[].changes`, as a reference is written.
    package var description: String {
        steps.reduce("body") { text, step in
            switch step {
            case .key(let key):
                text
                    + (key.utf8.allSatisfy(Self.isPlain) && !key.isEmpty
                        ? ".\(key)" : "[\"\(PrintableText.escape(key))\"]")
            case .index(let index): text + "[\(index)]"
            case .each: text + "[]"
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: byte >= 0x80
        }
    }
}
