internal import SluiceBase
internal import SluiceHTTP

/// In which of the two notations a message is.
enum MessageFormat: Sendable, Hashable {
    case json
    case messagePack

    /// What is wrong with a message, as Zizq says it.
    func complaint(_ error: StrictJSONError) -> String {
        switch self {
        case .json: "invalid JSON: \(error)"
        // The place is one in the JSON that the message was turned into, which means nothing to its sender.
        case .messagePack: "invalid MessagePack: \(error.reason)"
        }
    }

    /// The body as JSON; nil where it is JSON already.
    func transcoded(_ body: Span<UInt8>) throws(JobRefusal) -> [UInt8]? {
        guard self == .messagePack else { return nil }
        do throws(MessagePackError) { return try MessagePackReader.json(from: body) } catch { throw error.refusal }
    }

    /// The media type of a stream of jobs.
    var streamType: String {
        switch self {
        case .json: "application/x-ndjson"
        case .messagePack: "application/vnd.zizq.msgpack-stream"
        }
    }

    /// A message of a stream: a line, or a length of four bytes and so many bytes.
    func streamed(_ json: [UInt8]) -> [UInt8] {
        switch self {
        case .json: return json + [UInt8(ascii: "\n")]
        case .messagePack:
            let message = MessagePackWriter.messagePack(fromJSON: json)
            return Self.bytes(UInt32(clamping: message.count)) + message
        }
    }

    /// The message of a stream that says nothing but that the sender is there.
    var heartbeat: [UInt8] { self == .json ? [UInt8(ascii: "\n")] : [0, 0, 0, 0] }

    /// The answer, which was written as JSON, in this notation.
    func answer(_ response: HTTPResponse) -> HTTPResponse {
        guard self == .messagePack, response.headers.contains(where: { $0.value == "application/json" }) else { return response }
        let body = MessagePackWriter.messagePack(fromJSON: response.body)
        return HTTPResponse(status: response.status, headers: [("content-type", "application/msgpack")], body: body)
    }

    /// The bytes of a number, the highest first.
    private static func bytes(_ number: UInt32) -> [UInt8] {
        stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
    }
}
