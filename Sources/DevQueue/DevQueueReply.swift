package import SluiceHTTP

/// What the connection does with one request. Decided here, so that the connection only obeys.
package indirect enum DevQueueReply: Sendable {
    case answer(HTTPResponse)
    case answerThenClose(HTTPResponse)
    /// Sends these bytes as they are, then closes.
    case bytesThenClose([UInt8])
    /// Streams jobs to a worker.
    case take(TakeRequest)
    /// Closes without a byte.
    case drop
    /// Neither answers nor closes.
    case silence
    /// Does nothing for this long, and then that.
    case delayed(Duration, DevQueueReply)

    /// The reply with its answer in another notation; bytes that are sent as they are stay as they are.
    func inFormat(_ format: MessageFormat) -> DevQueueReply {
        switch self {
        case .answer(let response): .answer(format.answer(response))
        case .answerThenClose(let response): .answerThenClose(format.answer(response))
        case .delayed(let duration, let reply): .delayed(duration, reply.inFormat(format))
        case .bytesThenClose, .take, .drop, .silence: self
        }
    }
}
