internal import SluiceBase
package import SluiceNet
internal import Synchronization

/// An HTTP/1.1 client for one server, with a bounded pool of persistent connections on one event loop. Can be used from
/// any task.
///
/// It neither retries nor follows redirects; that is for the caller to decide.
package final class HTTPClient: Sendable {
    private let mailbox: LoopMailbox
    private let pool = LoopLocal<ClientPool>()
    private let nextID = Atomic<UInt64>(0)

    /// - Parameter loop: the mailbox of the loop for the connections.
    package init(configuration: HTTPClientConfiguration, loop mailbox: LoopMailbox, resolver: Resolver = Resolver()) {
        self.mailbox = mailbox
        mailbox.post { [pool] loop in
            loop.set(ClientPool(configuration: configuration, loop: loop, resolver: resolver, key: pool), for: pool)
        }
    }

    /// Sends a request and returns the complete answer, with any status.
    ///
    /// When the calling task is cancelled, the request is aborted immediately and its connection closed.
    package func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        return try await send(request, id, streaming: nil, cancellation: RequestCancellation()).get()
    }

    private func send(
        _ request: HTTPClientRequest, _ id: UInt64, streaming: PendingRequest.StreamedBody?,
        cancellation: RequestCancellation
    ) async -> ClientOutcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enqueue(
                    PendingRequest(
                        id: id, request: request, cancellation: cancellation, streaming: streaming,
                        end: { continuation.resume(returning: $0) }))
            }
        } onCancel: {
            // If the task was cancelled before, this runs first, when the pool does not know the request yet.
            cancel(id, cancellation)
        }
    }

    private func cancel(_ id: UInt64, _ cancellation: RequestCancellation) {
        cancellation.request()
        mailbox.post { [pool] loop in loop[pool]?.cancel(id) }
    }

    /// Sends a request and returns when the head of its answer has arrived; the body is read as it arrives. The stream
    /// has a separate connection, in addition to those of the pool.
    ///
    /// - Parameters:
    ///   - request: its `timeout` applies until the head of the answer has arrived.
    ///   - idleTimeout: the maximum silence in the body.
    package func open(_ request: HTTPClientRequest, idleTimeout: Duration) async throws(HTTPClientError)
        -> HTTPClientStream
    {
        let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        let cancellation = RequestCancellation()
        let channel = BodyChannel { [mailbox, pool] in mailbox.post { $0[pool]?.resumeReading(id) } }
        let body = PendingRequest.StreamedBody(channel: channel, idleTimeout: idleTimeout)
        let outcome = await send(request, id, streaming: body, cancellation: cancellation)
        return HTTPClientStream(try outcome.get(), channel: channel) { [mailbox, pool] in
            cancellation.request()
            mailbox.post { $0[pool]?.cancel(id) }
        }
    }

    /// Aborts all requests and closes all connections.
    package func shutdown() {
        mailbox.post { [pool] loop in
            loop[pool]?.shutdown()
            loop.set(nil, for: pool)
        }
    }

    private func enqueue(_ pending: PendingRequest) {
        let isPosted = mailbox.post { [pool] loop in
            guard let pool = loop[pool] else { return pending.end(.failure(Self.isShutDown)) }
            pool.submit(pending)
        }
        if !isPosted { pending.end(.failure(Self.isShutDown)) }
    }

    static let isShutDown = HTTPClientError(.cancelled, mayHaveBeenProcessed: false, "the client is shut down")
}

/// The result of a request.
typealias ClientOutcome = Result<HTTPClientResponse, HTTPClientError>

/// Whether a request was cancelled.
final class RequestCancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    var isRequested: Bool { flag.load(ordering: .acquiring) }

    func request() { flag.store(true, ordering: .releasing) }
}

/// A request in progress, with its handlers.
struct PendingRequest: Sendable {
    /// The handlers of a body that is streamed.
    struct StreamedBody: Sendable {
        let channel: BodyChannel
        let idleTimeout: Duration
    }

    let id: UInt64
    let request: HTTPClientRequest
    let cancellation: RequestCancellation
    let streaming: StreamedBody?
    /// Called exactly once, with the answer (only its head if the body is streamed) or the error.
    let end: @Sendable (ClientOutcome) -> Void
}
