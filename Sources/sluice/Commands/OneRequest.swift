internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet

/// One HTTP request of a command that ends with it.
enum OneRequest {
    /// - Parameter tlsAdvice: what to try where the server's certificate is not accepted.
    static func send(
        _ request: HTTPClientRequest, to configuration: HTTPClientConfiguration, tlsAdvice: String? = nil
    ) async throws -> HTTPClientResponse {
        let group: EventLoopGroup
        do throws(SystemCallError) { group = try EventLoopGroup(count: 1, name: "client") } catch {
            throw FatalProblem(.unavailable, "\(error)")
        }
        let client = HTTPClient(configuration: configuration, loop: group.mailboxes[0])
        let outcome: Result<HTTPClientResponse, HTTPClientError>
        do throws(HTTPClientError) { outcome = .success(try await client.send(request)) } catch { outcome = .failure(error) }
        client.shutdown()
        await group.stop()
        switch outcome {
        case .success(let response): return response
        case .failure(let error):
            let advice = error.kind == .tls ? tlsAdvice.map { "; \($0)" } ?? "" : ""
            throw FatalProblem(.unavailable, "\(error)\(advice)")
        }
    }
}
