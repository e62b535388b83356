internal import SluiceBase
package import SluiceJSON

/// `each`: the array whose elements become separate jobs.
package struct Elements: Sendable {
    /// For messages, without blanks and braces.
    let name: String
    /// The path of the elements, ending in `each`.
    package let path: JSONPath
    /// The index of that path among those of the route.
    let pathID = 0
    /// Whether the body is JSON lines, one element per line.
    package let areLines: Bool
    /// Whether an array that is absent or null counts as empty: `?? null`.
    let mayBeAbsent: Bool

    package init(name: String, path: JSONPath, areLines: Bool, mayBeAbsent: Bool) {
        self.name = name
        self.path = path
        self.areLines = areLines
        self.mayBeAbsent = mayBeAbsent
    }

}

extension JSONPath {
    /// In the syntax of a reference: `body.entry[].changes`.
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

    private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x80 || ASCII.isWordByte(byte) }
}
