internal import SluiceBase
internal import SluiceJSON

/// Where a value stands in a payload, for messages: `payload.commits[3].id`.
struct PayloadPath {
    private enum Step {
        case field(String)
        case element(Int)
    }

    private var steps: [Step] = []

    mutating func enter(field name: String) { steps.append(.field(name)) }

    mutating func enter(element index: Int) { steps.append(.element(index)) }

    mutating func leave() { steps.removeLast() }

    func entering(field name: String) -> PayloadPath {
        var path = self
        path.enter(field: name)
        return path
    }

    func entering(element index: Int) -> PayloadPath {
        var path = self
        path.enter(element: index)
        return path
    }

    /// Written as a reference would be.
    var text: String {
        steps.reduce("payload") { text, step in
            switch step {
            case .field(let name): text + Self.written(name)
            case .element(let index): "\(text)[\(index)]"
            }
        }
    }

    private static func written(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { $0 > 0x20 && !#".[]{}?"$\"#.utf8.contains($0) }
        let printable = PrintableText.escape(name, limit: 100)
        guard !isPlain else { return ".\(printable)" }
        var literal: [UInt8] = []
        literal.appendJSONString(printable)
        return "[\(String(decoding: literal, as: UTF8.self))]"
    }
}
