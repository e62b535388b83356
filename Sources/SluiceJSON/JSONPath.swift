/// The way from the root of a JSON text to one value in it: `repository.full_name`, `commits[0].id`.
///
/// Keys are compared byte for byte after unescaping, so two spellings that Unicode calls equivalent are two keys.
package struct JSONPath: Sendable, Hashable {
    /// One step down.
    package enum Step: Sendable {
        /// The member of an object with this key; of several the last.
        case key(String)
        /// The element of an array at this position, counted from 0.
        case index(Int)
        /// Every element of an array.
        case each
    }

    package var steps: [Step]

    /// - Parameter steps: none for the root itself.
    package init(_ steps: [Step] = []) { self.steps = steps }

    /// The path of the whole text.
    package static let root = JSONPath()
}

extension JSONPath.Step: Hashable {
    /// Not the synthesised one: `String` compares by canonical equivalence, JSON keys do not.
    package static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.key(let left), .key(let right)): left.utf8.elementsEqual(right.utf8)
        case (.index(let left), .index(let right)): left == right
        case (.each, .each): true
        case (.key, _), (.index, _), (.each, _): false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .key(let key):
            hasher.combine(0)
            for byte in key.utf8 { hasher.combine(byte) }
        case .index(let index):
            hasher.combine(1)
            hasher.combine(index)
        case .each: hasher.combine(2)
        }
    }
}
