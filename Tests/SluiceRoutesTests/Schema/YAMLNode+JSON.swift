import Foundation
import SluiceYAML

extension YAMLNode {
    /// The value as a validator of JSON has to see it: with the types that Sluice's reader gives it, and numbers digit
    /// by digit.
    var json: String {
        switch content {
        case .scalar(let scalar): scalar.json
        case .sequence(let elements): "[\(elements.map(\.json).joined(separator: ","))]"
        case .mapping(let entries): "{\(entries.map { "\(quoted($0.key)):\($0.value.json)" }.joined(separator: ","))}"
        }
    }
}

extension YAMLScalar {
    fileprivate var json: String {
        switch value {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(let text): text
        case .text(let text): quoted(text)
        }
    }
}

private func quoted(_ text: String) -> String {
    // An array, since not every version of the coder takes a text alone.
    let list = (try? JSONEncoder().encode([text])).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return String(list.dropFirst().dropLast())
}
