/// An answer whose body is read as it arrives, on a separate connection, which closes when the body has ended or this
/// object is released.
package final class HTTPClientStream: Sendable {
    package let status: Int
    /// In the order of arrival, names in their original case.
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

    /// Returns the next bytes of the body, at least one; `nil` at its end. For one task at a time; the connection
    /// closes if it is cancelled.
    ///
    /// - Throws: if the body is incomplete, or nothing has arrived within the idle timeout.
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

    /// Returns the rest of the body.
    ///
    /// - Parameter limit: in bytes; a longer one fails.
    package func collect(limit: Int) async throws(HTTPClientError) -> [UInt8] {
        var body: [UInt8] = []
        while let chunk = try await next() {
            body += chunk
            guard body.count <= limit else {
                throw HTTPClientError(
                    .responseTooLarge, mayHaveBeenProcessed: true, "the answer has more than \(limit) bytes")
            }
        }
        return body
    }
}
