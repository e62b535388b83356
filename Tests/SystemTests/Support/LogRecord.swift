internal import Foundation

/// One line of the gateway's JSON log.
struct LogRecord: Sendable, CustomStringConvertible {
    /// The line.
    let description: String
    private let fields: [String: String]

    init?(_ line: String) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
            return nil
        }
        description = line
        fields = object.mapValues { "\($0)" }
    }

    /// A field's value as text; nil where the record has no such field.
    subscript(key: String) -> String? { fields[key] }

    var message: String { self["message"] ?? "" }
}
