import SluiceBase
import SluiceHTTP

/// A connection whose socket is this test: bytes go in, actions come out as text.
struct ScriptedConnection {
    var state: ServerConnectionState
    var buffer: [UInt8] = []
    var now: Int64 = 1_000

    init(needsHandshake: Bool = false) {
        state = ServerConnectionState(limits: HTTPLimits(), needsHandshake: needsHandshake, at: 1_000)
    }

    mutating func receive(_ text: String) -> String {
        buffer += Array(text.utf8)
        let action = state.received(&buffer, at: now)
        return describe(action)
    }

    /// Bytes for which there is no memory.
    mutating func memoryExhausted(_ text: String) -> String {
        buffer += Array(text.utf8)
        let action = state.memoryExhausted(&buffer)
        return describe(action)
    }

    mutating func admit(_ bodyLimit: Int = 100) -> String {
        let action = state.admitted(bodyLimit: bodyLimit, &buffer, at: now)
        return describe(action)
    }

    mutating func written() -> String {
        let action = state.answerWritten(&buffer, at: now)
        return describe(action)
    }

    mutating func answer() -> ResponseWriter.ConnectionOption? { state.answerReady(available: buffer.count, at: now) }
    /// The head of a streamed answer.
    mutating func stream() -> StreamStart? { state.streamReady() }
    mutating func ended() -> String { describe(state.inputEnded()) }
    mutating func peerClosed() -> String { describe(state.peerClosed()) }

    /// Seconds until the deadline.
    var secondsLeft: Int64? { state.deadline.map { ($0 - now) / 1_000_000_000 } }

    mutating func pass(seconds: Int64) -> String {
        now += seconds * 1_000_000_000
        return describe(state.deadlinePassed(at: now))
    }

    private func describe(_ action: ServerConnectionState.Action) -> String {
        switch action {
        case .read: "read"
        case .wait: "wait"
        case .admit(let head): "admit \(buffer.span.extracting(head.target).text)"
        case .sendContinue: "sendContinue"
        case .work(_, let body): "work [\(buffer.span.extracting(body).text)]"
        case .refuse(let code): "refuse \(code.rawValue)"
        case .halfClose: "halfClose"
        case .detach: "detach"
        case .close: "close"
        }
    }
}
