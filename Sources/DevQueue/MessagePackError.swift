/// Why a body is not MessagePack, or not such as JSON could say, too.
enum MessagePackError: String, Error {
    case truncated = "the message ends too early"
    case trailing = "there is more behind the message"
    case reserved = "the byte 0xc1 begins no value"
    case key = "a key that is not a string"
    case text = "a string that is not UTF-8"
    case notFinite = "a number that is not finite"
    case binary = "a bin value, which JSON cannot hold"
    case extended = "an ext value, which JSON cannot hold"
    case tooDeep = "recursion limit exceeded"

    /// The refusal of the request.
    var refusal: JobRefusal { JobRefusal(status: 400, sentence: "invalid MessagePack: \(rawValue)") }
}
