internal import SluiceJSON

/// A payload as a list of steps that write JSON one behind the other.
struct PayloadTemplate: Sendable {
    enum Step: Sendable {
        /// JSON text as it is.
        case bytes([UInt8])
        /// The value of a reference as JSON.
        case value(Reference)
        /// The value of a reference as the content of a string that is open.
        case text(Reference)
    }

    let steps: [Step]
    /// Inside how many lists and mappings of the template values of references stand, at most.
    let depth: Int

    var references: [Reference] {
        steps.compactMap { step in
            switch step {
            case .bytes: nil
            case .value(let reference), .text(let reference): reference
            }
        }
    }
}

extension PayloadTemplate {
    /// Room to reserve: the whole body where the template is one value, else what small values need.
    func expectedSize(_ documentSize: Int) -> Int {
        if steps.count == 1, case .value(let reference)? = steps.first, reference.source == .body(.root) {
            return documentSize
        }
        return steps.reduce(0) { size, step in
            if case .bytes(let bytes) = step { size + bytes.count } else { size + 48 }
        }
    }
}
