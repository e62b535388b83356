internal import SluiceBase
package import SluiceNet
internal import Synchronization

/// An HTTP/1.1 client for one server, with a bounded pool of kept connections on one event loop. Callable from any
/// task.
///
/// Nothing is retried and no redirect followed: what a second try means is the caller's to know.
package final class HTTPClient: Sendable {
    private let mailbox: LoopMailbox
    private let pool = LoopLocal<ClientPool>()
    private let nextID = Atomic<UInt64>(0)

    /// - Parameter loop: the mailbox of the loop that will have the connections.
    package init(configuration: HTTPClientConfiguration, loop mailbox: LoopMailbox, resolver: Resolver = Resolver()) {
        self.mailbox = mailbox
        mailbox.post { [pool] loop in
            loop.set(ClientPool(configuration: configuration, loop: loop, resolver: resolver, key: pool), for: pool)
        }
    }

    /// Sends a request and returns the whole answer, whatever its status.
    ///
    /// When the calling task is cancelled the request is given up at once and its connection closed.
    package func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        let cancellation = RequestCancellation()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<ClientOutcome, Never>) in
                enqueue(PendingRequest(id: id, request: request, cancellation) { continuation.resume(returning: $0) })
            }
        } onCancel: {
            // A task that was cancelled before gets here first, when the pool does not know the request yet.
            cancellation.request()
            mailbox.post { [pool] loop in loop[pool]?.cancel(id) }
        }
        return try outcome.get()
    }

    /// Sends a request and returns as soon as the head of its answer is there; the body is read as it comes. The
    /// connection is the stream's own, beside those of the pool.
    ///
    /// - Parameters:
    ///   - request: its `timeout` is for the head.
    ///   - idleTimeout: the longest silence in the body.
    package func open(_ request: HTTPClientRequest, idleTimeout: Duration) async throws(HTTPClientError)
        -> HTTPClientStream
    {
        let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        let cancellation = RequestCancellation()
        let channel = BodyChannel { [mailbox, pool] in mailbox.post { $0[pool]?.resumeReading(id) } }
        let giveUp: @Sendable () -> Void = { [mailbox, pool] in
            cancellation.request()
            mailbox.post { $0[pool]?.cancel(id) }
        }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<ClientOutcome, Never>) in
                let body = PendingRequest.StreamedBody(channel: channel, idleTimeout: idleTimeout)
                enqueue(
                    PendingRequest(id: id, request: request, cancellation, streaming: body) {
                        continuation.resume(returning: $0)
                    })
            }
        } onCancel: {
            giveUp()
        }
        return HTTPClientStream(try outcome.get(), channel: channel, giveUp: giveUp)
    }

    /// Gives up every request and closes every connection.
    package func shutdown() {
        mailbox.post { [pool] loop in
            loop[pool]?.shutdown()
            loop.set(nil, for: pool)
        }
    }

    private func enqueue(_ pending: PendingRequest) {
        let isPosted = mailbox.post { [pool] loop in
            guard let pool = loop[pool] else { return pending.end(with: .failure(Self.isShutDown)) }
            pool.submit(pending)
        }
        if !isPosted { pending.end(with: .failure(Self.isShutDown)) }
    }

    private static let isShutDown = HTTPClientError(.cancelled, mayHaveBeenProcessed: false, "the client is shut down")
}

/// What a request came to.
typealias ClientOutcome = Result<HTTPClientResponse, HTTPClientError>

/// Whether somebody does not want a request any more.
final class RequestCancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    var isRequested: Bool { flag.load(ordering: .acquiring) }

    func request() { flag.store(true, ordering: .releasing) }
}

/// A request on its way, and who waits for it.
struct PendingRequest: Sendable {
    /// Where the body goes that is not part of the answer.
    struct StreamedBody: Sendable {
        let channel: BodyChannel
        let idleTimeout: Duration
    }

    let id: UInt64
    let request: HTTPClientRequest
    let streaming: StreamedBody?
    private let cancellation: RequestCancellation
    /// Called exactly once, with the answer (its head alone where the body is streamed) or the error.
    let end: @Sendable (ClientOutcome) -> Void

    init(
        id: UInt64, request: HTTPClientRequest, _ cancellation: RequestCancellation, streaming: StreamedBody? = nil,
        end: @escaping @Sendable (ClientOutcome) -> Void
    ) {
        self.id = id
        self.request = request
        self.streaming = streaming
        self.cancellation = cancellation
        self.end = end
    }

    var isCancelled: Bool { cancellation.isRequested }

    func end(with outcome: ClientOutcome) { end(outcome) }
}
