internal import SluiceBase
internal import Synchronization

/// Carries an answer's body from its event loop to the one task that reads it. Unread data is kept up to a bound; above
/// it, the connection stops reading.
final class BodyChannel: Sendable {
    private enum End {
        case complete
        case failed(HTTPClientError)
    }

    private struct State {
        var chunks: ArraySlice<[UInt8]> = []
        var bytes = 0
        var end: End?
        var reader: CheckedContinuation<Next, Never>?
        var isPaused = false
    }

    typealias Next = Result<[UInt8]?, HTTPClientError>

    /// In bytes; above it, reading stops.
    private static let bound = 1024 * 1024

    private let state = Mutex(State())
    /// Called on the reader's task when the connection may continue to read.
    private let resume: @Sendable () -> Void

    init(resume: @escaping @Sendable () -> Void) { self.resume = resume }

    /// Adds a piece of the body.
    ///
    /// - Returns: `false` if the connection has to stop reading until `resume` is called.
    func push(_ chunk: [UInt8]) -> Bool {
        guard !chunk.isEmpty else { return true }
        let (reader, goesOn) = state.withLock { state -> (CheckedContinuation<Next, Never>?, Bool) in
            if let reader = state.reader {
                state.reader = nil
                return (reader, true)
            }
            state.chunks.append(chunk)
            state.bytes += chunk.count
            state.isPaused = state.bytes > Self.bound
            return (nil, !state.isPaused)
        }
        reader?.resume(returning: .success(chunk))
        return goesOn
    }

    /// The body is complete.
    func finish() { end(.complete) }

    /// No more of the body will arrive. What has arrived can still be read.
    func fail(_ error: HTTPClientError) { end(.failed(error)) }

    private func end(_ end: End) {
        let reader = state.withLock { state -> CheckedContinuation<Next, Never>? in
            if state.end == nil { state.end = end }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: Self.last(end))
    }

    private static func last(_ end: End) -> Next {
        switch end {
        case .complete: .success(nil)
        case .failed(let error): .failure(error)
        }
    }

    /// Returns the next piece; `nil` at the end of the body. One caller at a time.
    func next() async -> Next {
        await withCheckedContinuation { reader in
            let (ready, mustResume) = state.withLock { state -> (Next?, Bool) in
                precondition(state.reader == nil, "one task reads a body")
                if let chunk = state.chunks.popFirst() {
                    state.bytes -= chunk.count
                    let mustResume = state.isPaused && state.bytes <= Self.bound / 2
                    if mustResume { state.isPaused = false }
                    return (.success(chunk), mustResume)
                }
                if let end = state.end { return (Self.last(end), false) }
                state.reader = reader
                return (nil, false)
            }
            if mustResume { resume() }
            if let ready { reader.resume(returning: ready) }
        }
    }
}
