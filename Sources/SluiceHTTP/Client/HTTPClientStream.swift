/// An answer whose body is read as it comes, on a connection of its own, which closes when the body has ended or this
/// is let go of.
package final class HTTPClientStream: Sendable {
    package let status: Int
    /// In the order of arrival, names in the case in which they came.
    package let headers: [(name: String, value: String)]
    private let channel: BodyChannel
    private let giveUp: @Sendable () -> Void

    init(_ head: HTTPClientResponse, channel: BodyChannel, giveUp: @escaping @Sendable () -> Void) {
        status = head.status
        headers = head.headers
        self.channel = channel
        self.giveUp = giveUp
    }

    deinit { giveUp() }

    /// The next bytes of the body, at least one; nil at its end. For one task at a time; when that is cancelled the
    /// connection closes.
    ///
    /// - Throws: where the body breaks off, or nothing has come within the idle timeout.
    package func next() async throws(HTTPClientError) -> [UInt8]? {
        let next = await withTaskCancellationHandler {
            await channel.next()
        } onCancel: {
            giveUp()
        }
        return try next.get()
    }

    /// Closes the connection; `next` fails.
    package func cancel() { giveUp() }

    /// The rest of the body in one piece.
    ///
    /// - Parameter limit: in bytes; a longer one fails.
    package func collect(limit: Int) async throws(HTTPClientError) -> [UInt8] {
        var body: [UInt8] = []
        while let chunk = try await next() {
            body += chunk
            guard body.count <= limit else {
                throw HTTPClientError(
                    .responseTooLarge, mayHaveBeenProcessed: true, "the answer is over \(limit) bytes")
            }
        }
        return body
    }
}
