package import SluiceBase
package import SluiceNet

/// The server of a client, with timeouts and limits.
package struct HTTPClientConfiguration: Sendable {
    /// The address of the server.
    package enum Endpoint: Sendable, Hashable {
        /// A name or address (IPv6 without brackets) and a port.
        case host(String, port: UInt16)
        /// A UNIX socket.
        case unix(path: String)
    }

    package var endpoint: Endpoint
    /// The `host` header: `host` or `host:port`.
    package var authority: String
    /// Set for TLS.
    package var tls: TLSClientContext?
    /// Filters the addresses of a name; all are allowed, unless a third party has chosen the name.
    package var isAllowed: (@Sendable (PeerAddress) -> Bool)?
    /// The time to resolve, connect and complete the TLS handshake, for all addresses of a name together.
    package var connectTimeout = Duration.seconds(10)
    /// Concurrent connections; further requests wait for one.
    package var maximumConnections = 8
    /// How long an unused connection is kept.
    package var idleTime = Duration.seconds(60)
    /// The maximum body of an answer, in bytes.
    package var responseLimit = 64 * 1024 * 1024

    package init(endpoint: Endpoint, authority: String, tls: TLSClientContext? = nil) {
        self.endpoint = endpoint
        self.authority = authority
        self.tls = tls
    }
}

/// One request of a client.
package struct HTTPClientRequest: Sendable {
    package var method: String
    /// Path and query.
    package var target: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// The time from having a connection to the end of the answer.
    package var timeout: Duration

    package init(
        method: String, target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        timeout: Duration = .seconds(30)
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}

/// A complete answer.
package struct HTTPClientResponse: Sendable {
    package let status: Int
    /// In the order of arrival, names in their original case.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// Whether it came on a connection that was opened for this request.
    package let isFirstOfConnection: Bool

    /// The value of the first header line with this name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A request without a complete answer.
package struct HTTPClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The stage at which a request ended.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The name has no address.
        case resolve
        /// No connection could be opened.
        case connect
        /// The server's certificate is not trusted or does not match its name.
        case tls
        /// No complete answer within the timeout.
        case timeout
        /// The server closed the connection before its answer was complete.
        case closed
        /// The answer is not HTTP.
        case malformedResponse
        /// The answer is longer than the client accepts.
        case responseTooLarge
        /// The caller cancelled it, or the client was shut down.
        case cancelled
    }

    package let kind: Kind
    /// Whether a byte of the request's body, or of a request without a body, was written: the server may have processed
    /// it then.
    package let mayHaveBeenProcessed: Bool
    /// For people, without any part of the request.
    package let message: String

    package init(_ kind: Kind, mayHaveBeenProcessed: Bool, _ message: String) {
        self.kind = kind
        self.mayHaveBeenProcessed = mayHaveBeenProcessed
        self.message = message
    }

    package var description: String { message }
}

/// A complete answer. Its ranges point into the buffer that the parser read.
package struct ReceivedResponse: Sendable, Hashable {
    /// 200–599.
    package let status: Int
    /// In the order of arrival.
    package let fields: [HeaderField]
    /// The body without chunk framing.
    package let body: Range<Int>
    /// Whether the connection can carry another request. Also `false` if unrequested bytes follow.
    package let keepAlive: Bool

    /// The header lines over the buffer.
    @_lifetime(copy bytes)
    package func headers(over bytes: Span<UInt8>) -> HeaderView { HeaderView(bytes: bytes, fields: fields) }
}
