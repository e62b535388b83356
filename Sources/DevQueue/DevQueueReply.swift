package import SluiceHTTP

/// What the connection does with one request. Decided here, so that the connection only obeys.
package indirect enum DevQueueReply: Sendable {
    case answer(HTTPResponse)
    case answerThenClose(HTTPResponse)
    /// Sends these bytes as they are, then closes.
    case bytesThenClose([UInt8])
    /// Closes without a byte.
    case drop
    /// Neither answers nor closes.
    case silence
    /// Does nothing for this long, and then that.
    case delayed(Duration, DevQueueReply)
}
