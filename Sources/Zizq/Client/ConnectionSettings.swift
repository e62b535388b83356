internal import Logging
internal import SluiceHTTP
internal import SluiceNet

/// A validated configuration, with the contents of its files.
struct ConnectionSettings {
    let http: HTTPClientConfiguration
    /// The path prefix.
    let prefix: String
    /// The headers of every request.
    let headers: [(name: String, value: String)]
    let readTimeout: Duration
    let retryPolicy: RetryPolicy
    let logger: Logger?
    /// Waits for a backoff.
    var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    init(_ configuration: ZizqConfiguration) throws(ZizqError) {
        try configuration.check()
        let address = try ServerAddress(url: configuration.url)
        var http = HTTPClientConfiguration(
            endpoint: .host(address.host, port: address.port), authority: address.authority,
            tls: try Self.tls(configuration, address))
        http.connectTimeout = configuration.connectTimeout
        http.maximumConnections = configuration.maximumConnections
        self.http = http
        prefix = address.prefix
        headers = configuration.headers
        readTimeout = configuration.readTimeout
        retryPolicy = configuration.retryPolicy
        logger = configuration.logger
    }

    private static func tls(_ configuration: ZizqConfiguration, _ address: ServerAddress) throws(ZizqError)
        -> TLSClientContext?
    {
        guard address.isTLS else { return nil }
        do throws(TLSError) {
            return try TLSClientContext(
                caPath: configuration.caCertificatePath, certificatePath: configuration.clientCertificatePath,
                keyPath: configuration.clientKeyPath)
        } catch {
            throw .invalidArgument(error.message)
        }
    }
}
