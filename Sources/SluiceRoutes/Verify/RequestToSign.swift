package import SluiceBase

/// A request to be signed, for an example.
package struct RequestToSign: Sendable {
    /// One header line.
    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var method: String
    /// Path and query.
    package var target: String
    package var headers: [Header]
    package var body: [UInt8]

    package init(method: String = "POST", target: String, headers: [Header] = [], body: [UInt8]) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// Whether a header exists, with its name in any case.
    func holds(_ name: HeaderName) -> Bool { headers.contains { HeaderName($0.name) == name } }

    /// Provides the request as a `RequestView`, valid during the call.
    ///
    /// - Parameter peer: the sender.
    package func withView<Result, Failure: Error>(
        from peer: PeerAddress = .unknown, _ read: (borrowing RequestView) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var bytes: [UInt8] = []
        var fields: [HeaderField] = []
        for header in headers {
            let start = bytes.count
            bytes += Array(header.name.utf8)
            let middle = bytes.count
            bytes += Array(header.value.utf8)
            fields.append(HeaderField(name: start..<middle, value: middle..<bytes.count))
        }
        let (method, target) = (Array(method.utf8), Array(target.utf8))
        return try read(
            RequestView(
                method: method.span, target: target.span, headers: HeaderView(bytes: bytes.span, fields: fields),
                body: body.span,
                peer: peer))
    }
}

/// The reason why a scheme cannot sign a request, or a route cannot use a secret; a sentence for the author of the
/// example.
package struct SigningError: Error, Sendable, Hashable {
    package let message: String

    package init(message: String) { self.message = message }
}
