internal import SluiceBase
internal import SluiceHTTP

/// A connection takes the same requests, with the same bodies, out of its bytes however they were cut up; this is what
/// smuggling would break.
enum ConnectionProperty {
    static func check(_ bytes: [UInt8], cut: Int) {
        let whole = requests(in: bytes, cuts: [])
        precondition(whole == requests(in: bytes, cuts: [cut]), "A cut changed the requests.")
        precondition(whole == requests(in: bytes, cuts: Array(0..<bytes.count)), "Single bytes changed the requests.")
    }

    private static func requests(in bytes: [UInt8], cuts: [Int]) -> [String] {
        var shell = Shell()
        var start = 0
        for cut in cuts + [bytes.count] {
            shell.receive(bytes[start..<cut])
            start = cut
        }
        return shell.seen
    }

    /// Admits every request, answers it at once, and notes what it was.
    private struct Shell {
        var state = ServerConnectionState(limits: fuzzLimits(), needsHandshake: false, at: 0)
        var buffer: [UInt8] = []
        var seen: [String] = []
        var isOver = false

        mutating func receive(_ bytes: ArraySlice<UInt8>) {
            guard !isOver else { return }
            buffer += bytes
            var action = state.received(&buffer, at: 0)
            while let next = follow(action) { action = next }
        }

        private mutating func follow(_ action: ServerConnectionState.Action) -> ServerConnectionState.Action? {
            switch action {
            case .admit: return state.admitted(bodyLimit: 300, &buffer, at: 0)
            case .work(let head, let body):
                seen.append("\(Array(buffer[head.method])) \(Array(buffer[head.target])) \(Array(buffer[body]))")
                return answer()
            case .refuse(let code):
                seen.append("\(code) \(state.fault.map { "\($0)" } ?? "")")
                return answer()
            case .close, .halfClose, .detach:
                isOver = true
                return nil
            case .read, .wait, .sendContinue: return nil
            }
        }

        private mutating func answer() -> ServerConnectionState.Action {
            let option = state.answerReady(available: buffer.count, at: 0)
            precondition(option != nil, "A connection that is there was not answered.")
            return state.answerWritten(&buffer, at: 0)
        }
    }
}
