internal import Logging
internal import SluiceHTTP
internal import SluiceNet

/// A configuration that was checked, and the files of which were read.
struct ConnectionSettings {
    let http: HTTPClientConfiguration
    /// What stands before each path.
    let prefix: String
    /// Of every request.
    let headers: [(name: String, value: String)]
    let readTimeout: Duration
    let retryPolicy: RetryPolicy
    let logger: Logger?
    /// Lets a back-off pass.
    var letPass: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

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
