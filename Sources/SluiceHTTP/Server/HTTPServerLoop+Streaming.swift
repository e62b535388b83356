/// What the service behind a streamed answer does with it, on the loop. Each of these does nothing once the answer is over.
extension HTTPServerLoop {
    /// Sends a piece of the answer's body. What the socket does not take is kept, up to `HTTPLimits.streamBytes` and the piece that goes over
    /// it; a service that goes on beyond that loses the connection.
    ///
    /// - Returns: whether there is room for another piece. Where there is none, `StreamEvent.wake` comes when there is.
    @discardableResult
    package func send(_ bytes: [UInt8], on exchange: ExchangeID) -> Bool { streaming(exchange)?.send(bytes) ?? false }

    /// Whether the answer takes another piece.
    package func hasRoom(on exchange: ExchangeID) -> Bool { streaming(exchange)?.hasRoom ?? false }

    /// Ends the answer. Its service hears no more of it.
    package func end(_ exchange: ExchangeID) { streaming(exchange)?.endStream() }

    /// Tells the answer's service to wake, once.
    package func wake(_ exchange: ExchangeID) { streaming(exchange)?.wakeStream() }

    /// Tells the answer's service to wake at a time; a later call takes an earlier one back.
    ///
    /// - Parameter time: monotonic nanoseconds, as `EventLoop.now`; nil for never.
    package func setAlarm(at time: Int64?, for exchange: ExchangeID) { streaming(exchange)?.setAlarm(at: time) }

    private func streaming(_ exchange: ExchangeID) -> ServerConnection? {
        guard let connection = connections[exchange.connection], connection.awaits(exchange), connection.streamedAnswer != nil else {
            return nil
        }
        return connection
    }
}
