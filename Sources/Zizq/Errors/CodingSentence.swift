internal import SluiceJSON

/// Why a value could not be encoded or decoded, as one sentence. A text of the value itself is not repeated.
enum CodingSentence {
    static func of(_ error: any Error) -> String {
        switch error {
        case EncodingError.invalidValue(_, let context): sentence(context.codingPath, context.debugDescription)
        case DecodingError.dataCorrupted(let context): sentence(context.codingPath, context.debugDescription)
        case DecodingError.keyNotFound(_, let context): sentence(context.codingPath, context.debugDescription)
        case DecodingError.typeMismatch(_, let context): sentence(context.codingPath, context.debugDescription)
        case DecodingError.valueNotFound(_, let context): sentence(context.codingPath, context.debugDescription)
        case let error as JSONError: error.description
        default: "\(error)"
        }
    }

    /// `lines.1.count: a string stands where Int is expected`
    private static func sentence(_ path: [any CodingKey], _ what: String) -> String {
        guard !path.isEmpty else { return what }
        let names = path.count > 12 ? path.prefix(10).map(\.stringValue) + ["…"] : path.map(\.stringValue)
        return names.joined(separator: ".") + ": " + what
    }
}
