internal import SluiceBase
internal import SluiceJSON

/// A payload as a list of steps that write consecutive JSON.
package struct PayloadTemplate: Sendable {
    /// What is written next.
    package enum Step: Sendable {
        /// Literal JSON text.
        case bytes([UInt8])
        /// The value of a reference as JSON.
        case value(Reference)
        /// The value of a reference as part of an open string.
        case text(Reference)
    }

    package let steps: [Step]
    /// The maximum nesting of values of references in lists and mappings of the template.
    let depth: Int

    package init(steps: [Step], depth: Int) {
        self.steps = steps
        self.depth = depth
    }

    package var references: [Reference] {
        steps.compactMap { step in
            switch step {
            case .bytes: nil
            case .value(let reference), .text(let reference): reference
            }
        }
    }
}

extension PayloadTemplate {
    /// The size to reserve: the whole body if the template is one value, otherwise the size of small values.
    func expectedSize(_ documentSize: Int) -> Int {
        if steps.count == 1, case .value(let reference)? = steps.first, reference.source == .body(.root) {
            return documentSize
        }
        return steps.reduce(0) { size, step in
            if case .bytes(let bytes) = step { size + bytes.count } else { size + 48 }
        }
    }
}

extension [UInt8] {
    /// Appends text as part of a JSON string, without quotes; malformed UTF-8 is replaced.
    package mutating func appendJSONStringContent(_ utf8: Span<UInt8>) {
        var literal: [UInt8] = []
        literal.reserveCapacity(utf8.count + 2)
        literal.appendJSONString(utf8)
        append(literal.span.extracting(1..<(literal.count - 1)))
    }
}

/// JSON in a route file.
package enum JSONLiteral {
    private static let root = JSONPathSet([.root])

    /// Whether the bytes are one string, number, `true`, `false` or `null` that Zizq accepts, without blanks around it.
    package static func isScalar(_ bytes: Span<UInt8>) -> Bool {
        var findings = JSONFindings()
        do {
            try JSONScanner.scan(bytes, paths: root, maximumDepth: 0, into: &findings)
        } catch {
            return false
        }
        return findings.range(of: 0) == 0..<bytes.count
    }
}
