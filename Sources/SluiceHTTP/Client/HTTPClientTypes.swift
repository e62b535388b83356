package import SluiceBase
package import SluiceNet

/// Which server a client talks to, and how.
package struct HTTPClientConfiguration: Sendable {
    /// Where the server is.
    package enum Endpoint: Sendable, Hashable {
        /// A name or address (IPv6 without brackets) and a port.
        case host(String, port: UInt16)
        /// A UNIX socket.
        case unix(path: String)
    }

    package var endpoint: Endpoint
    /// What the `host` header says: `host` or `host:port`.
    package var authority: String
    /// Set for TLS.
    package var tls: TLSClientContext?
    /// Which addresses of a name may be connected to; all, unless somebody else has chosen the name.
    package var isAllowed: (@Sendable (PeerAddress) -> Bool)?
    /// To resolve, connect and shake hands, for all addresses of a name together.
    package var connectTimeout = Duration.seconds(10)
    /// Connections at once; more requests wait for one to come free.
    package var maximumConnections = 8
    /// How long an unused connection is kept.
    package var idleTime = Duration.seconds(60)
    /// The longest body of an answer, in bytes.
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
    /// From having a connection to the end of the answer.
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

/// A server's whole answer.
package struct HTTPClientResponse: Sendable {
    package let status: Int
    /// In the order of arrival, names in the case in which they came.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// Whether it came on a connection that was opened for this request.
    package let isFirstOfConnection: Bool

    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        isFirstOfConnection: Bool = false
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.isFirstOfConnection = isFirstOfConnection
    }

    /// The value of the first header line with this name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A request that got no whole answer.
package struct HTTPClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// At which stage it ended.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The name has no address.
        case resolve
        /// No connection came about.
        case connect
        /// The connection is not, or not provably, with the server that was asked for.
        case tls
        /// No whole answer in time.
        case timeout
        /// The server closed the connection before its answer was complete.
        case closed
        /// What came is not HTTP.
        case malformedResponse
        /// The answer is longer than the client takes.
        case responseTooLarge
        /// The caller did not want it any more, or the client was shut down.
        case cancelled
    }

    package let kind: Kind
    /// Whether any byte of the request's body, or of a request without a body, was handed to the system: then the
    /// server may have acted on it.
    package let mayHaveBeenProcessed: Bool
    /// For a person, without anything of the request.
    package let message: String

    package init(_ kind: Kind, mayHaveBeenProcessed: Bool, _ message: String) {
        self.kind = kind
        self.mayHaveBeenProcessed = mayHaveBeenProcessed
        self.message = message
    }

    package var description: String { message }
}

/// A complete answer; its ranges point into the buffer that the parser read.
package struct ReceivedResponse: Sendable, Hashable {
    /// 200–599.
    package let status: Int
    /// In the order of arrival.
    package let fields: [HeaderField]
    /// The body, chunk framing undone.
    package let body: Range<Int>
    /// Whether the connection can carry another request. False also when bytes follow that nobody asked for.
    package let keepAlive: Bool

    /// The header lines over the buffer.
    @_lifetime(copy bytes)
    package func headers(over bytes: Span<UInt8>) -> HeaderView { HeaderView(bytes: bytes, fields: fields) }
}
