internal import Glibc
internal import Logging
package import SluiceBase
package import SluiceHTTP
internal import SluiceNet
package import SluiceOutbox

/// Sends requests of the command line to the gateway that uses an outbox, or to the outbox itself if none does.
package enum ControlClient {
    /// - Parameters:
    ///   - settings: with the path of the outbox.
    ///   - needsGateway: whether only a running gateway can answer.
    package static func ask(_ request: ControlRequest, _ settings: Settings) async throws(StartupError) -> [UInt8] {
        guard let document = try await find(request, settings) else {
            throw StartupError(.wrongInput, request.notFound(in: settings.outbox.path))
        }
        return document
    }

    /// As `ask`, for something that may not exist.
    ///
    /// - Returns: `nil` if it does not exist.
    package static func find(_ request: ControlRequest, _ settings: Settings) async throws(StartupError) -> [UInt8]? {
        switch try await answer(request, settings) {
        case .document(let bytes): return bytes
        case .notFound: return nil
        case .problem(let sentence): throw StartupError(.unavailable, sentence)
        }
    }

    private static func answer(_ request: ControlRequest, _ settings: Settings) async throws(StartupError)
        -> ControlAnswer
    {
        if let answer = try await askGateway(request, settings) { return answer }
        return try await askAtRest(request, settings)
    }

    /// - Returns: `nil` if no gateway is running.
    private static func askGateway(_ request: ControlRequest, _ settings: Settings) async throws(StartupError)
        -> ControlAnswer?
    {
        let path = ControlSocket.path(outbox: settings.outbox.path)
        guard (try? FileAccess.status(of: path)) != nil else { return nil }
        var configuration = HTTPClientConfiguration(endpoint: .unix(path: path), authority: "localhost")
        configuration.responseLimit = ControlRequest.largestDocument
        let asked = HTTPClientRequest(
            method: request.method, target: request.target, body: request.body, timeout: request.timeout)
        switch try await OneRequest.send(asked, to: configuration) {
        case .failure(let error) where error.kind == .connect:
            // The socket's gateway has ended, or belongs to another user: the lock shows which.
            return nil
        case .failure(let error): throw StartupError(.unavailable, "the gateway at \(path) does not answer: \(error)")
        case .success(let response) where response.status == 200: return .document(response.body)
        case .success(let response) where response.status == 404: return .notFound
        case .success(let response): return .problem(String(decoding: response.body, as: UTF8.self))
        }
    }

    /// Saves the readable rows of a damaged outbox that no gateway uses.
    ///
    /// - Returns: `nil` if it is not damaged.
    package static func salvage(_ settings: Settings) throws(StartupError) -> SalvageReport? {
        guard isOutbox(settings.outbox.path) else { throw noOutbox(settings.outbox.path, .status) }
        var configuration = OutboxConfiguration(settings)
        configuration.lockWait = .zero
        configuration.trustsFolderOwner = true
        return try OutboxStore.salvage(configuration, time: SystemTime())
    }

    private static func exists(_ path: String) -> Bool { (try? FileAccess.status(of: path)) != nil }

    /// Whether there is an outbox, or a salvaged one that a crash kept from taking its place, which opening completes.
    private static func isOutbox(_ path: String) -> Bool { exists(path) || exists(path + ".salvaged") }

    private static func noOutbox(_ path: String, _ request: ControlRequest) -> StartupError {
        do throws(FileAccess.AccessError) { _ = try FileAccess.status(of: path) } catch {
            if !error.isMissing {
                return StartupError(
                    .unavailable, "cannot open the outbox at \(path): \(error). \(FileAccess.ownership(of: path))")
            }
        }
        if let target = FileAccess.danglingTarget(of: path) {
            return StartupError(.unavailable, "\(path) is a symbolic link to \(target), which does not exist")
        }
        let development = Settings.development.outbox.path
        let hint = exists(development) ? "; for sluice dev use --outbox-path \(development)" : "; set outbox.path"
        let otherWay = request == .routes ? "\n\(ControlRequest.routesOfFolder)" : ""
        // Without an outbox there is no running gateway, which these need.
        let status: ExitStatus = request.needsGateway ? .unavailable : .wrongInput
        return StartupError(status, "no outbox at \(path)\(hint)\(otherWay)")
    }

    private static func askAtRest(_ request: ControlRequest, _ settings: Settings) async throws(StartupError)
        -> ControlAnswer
    {
        guard isOutbox(settings.outbox.path) else { throw noOutbox(settings.outbox.path, request) }
        var configuration = OutboxConfiguration(settings)
        configuration.lockWait = .zero
        configuration.createsOutbox = false
        let box = try StoreBox(configuration, time: SystemTime())
        let console = OutboxConsole(.atRest(box), limit: settings.outbox.maxBytes, time: SystemTime())
        let answer = await console.answer(request)
        await box.close()
        return answer
    }
}

/// One HTTP request of a command, on its own event loop.
package enum OneRequest {
    /// Sends it and waits for the whole response.
    package static func send(
        _ request: HTTPClientRequest, to configuration: HTTPClientConfiguration
    ) async throws(StartupError) -> Result<HTTPClientResponse, HTTPClientError> {
        let group: EventLoopGroup
        do throws(SystemCallError) { group = try EventLoopGroup(count: 1, name: "client") } catch {
            throw StartupError(.unavailable, "\(error)")
        }
        let client = HTTPClient(configuration: configuration, loop: group.mailboxes[0])
        let outcome: Result<HTTPClientResponse, HTTPClientError>
        do throws(HTTPClientError) { outcome = .success(try await client.send(request)) } catch {
            outcome = .failure(error)
        }
        client.shutdown()
        await group.stop()
        return outcome
    }
}
