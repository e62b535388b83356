internal import Logging
internal import SluiceBase
internal import SluiceHTTP
package import SluiceNet
internal import Synchronization

/// A client for one Zizq server. Can be used from any task; keeps a few connections open. Linux only.
///
/// ```swift
/// let client = try ZizqClient(ZizqConfiguration(url: "http://127.0.0.1:7890"))
/// let job = try await client.enqueue(SendEmail(to: "alice@example.com"))
/// print(job.id)
/// await client.shutdown()
/// ```
///
/// A call ends with an answer or one typed error. It is aborted immediately when its task is cancelled.
public final class ZizqClient: Sendable {
    let http: HTTPClient
    /// The event loop that the client created; `nil` if it was given one.
    private let ownLoop: EventLoopGroup?
    let settings: ConnectionSettings
    private let time = SystemTime()
    /// Whether the warning about an unsupported server version was logged.
    private let hasWarnedOfVersion = Mutex(false)
    /// The size of the last bulk request. The next one is usually as large, and then need not be copied.
    let lastBulkSize = Atomic(0)

    /// Creates a client, which connects when there is something to send.
    ///
    /// - Throws: `invalidArgument` if the configuration is wrong or one of its files cannot be read.
    public convenience init(_ configuration: ZizqConfiguration = ZizqConfiguration()) throws(ZizqError) {
        let settings = try ConnectionSettings(configuration)
        let group: EventLoopGroup
        do throws(SystemCallError) { group = try EventLoopGroup(count: 1, name: "zizq") } catch {
            throw .transport(
                .init(
                    reason: .unreachable, requestBodyMayHaveBeenProcessed: false,
                    message: "cannot start an event loop: \(error)"))
        }
        self.init(settings, ownLoop: group, mailbox: group.mailboxes[0])
    }

    /// Creates a client whose connections are on the given event loop.
    ///
    /// - Parameter pause: waits for a backoff, or throws when its task is cancelled.
    package convenience init(
        _ configuration: ZizqConfiguration, loop mailbox: LoopMailbox,
        pause: (@Sendable (Duration) async throws -> Void)? = nil
    ) throws(ZizqError) {
        var settings = try ConnectionSettings(configuration)
        if let pause { settings.pause = pause }
        self.init(settings, ownLoop: nil, mailbox: mailbox)
    }

    private init(_ settings: ConnectionSettings, ownLoop: EventLoopGroup?, mailbox: LoopMailbox) {
        http = HTTPClient(configuration: settings.http, loop: mailbox)
        self.ownLoop = ownLoop
        self.settings = settings
    }

    deinit {
        http.shutdown()
        if let ownLoop { Task { await ownLoop.stop() } }
    }

    /// Closes all connections. Calls in progress fail, and so do later ones.
    ///
    /// ```swift
    /// await client.shutdown()
    /// ```
    public func shutdown() async {
        http.shutdown()
        await ownLoop?.stop()
    }

    // MARK: - Calls

    /// A method call as a request.
    struct Call {
        var method: String
        var path: String
        var body: [UInt8] = []
        var timeout: Duration?
        /// The default if the caller gives no policy.
        var retry: RetryPolicy

        /// A request that can be repeated.
        static func get(_ path: String, _ client: ZizqClient) -> Call {
            Call(method: "GET", path: path, retry: client.retryPolicy)
        }
    }

    /// For calls that are safe to repeat.
    var retryPolicy: RetryPolicy { settings.retryPolicy }

    /// Makes a call, with the retries of its policy.
    ///
    /// - Returns: a 2xx answer.
    func perform(_ call: Call) async throws(ZizqError) -> HTTPClientResponse {
        var tried = 0
        while true {
            tried += 1
            do throws(ZizqError) {
                return try success(try await send(call))
            } catch {
                guard let delay = call.retry.delay(after: error, tried: tried) else { throw error }
                guard (try? await settings.pause(delay)) != nil else { throw Self.cancelled(after: error) }
            }
        }
    }

    /// The error if the task is cancelled between two attempts.
    private static func cancelled(after error: ZizqError) -> ZizqError {
        .transport(
            .init(
                reason: .cancelled, requestBodyMayHaveBeenProcessed: error.isAmbiguous,
                message: "the call was cancelled before its next attempt; the last one failed: \(error)"))
    }

    /// Makes one attempt.
    ///
    /// - Returns: any answer.
    func send(_ call: Call) async throws(ZizqError) -> HTTPClientResponse {
        do throws(HTTPClientError) {
            return try await http.send(request(call))
        } catch {
            throw ZizqError(error)
        }
    }

    /// Opens a call with an endless answer.
    func open(_ call: Call, silence: Duration) async throws(ZizqError) -> HTTPClientStream {
        do throws(HTTPClientError) {
            return try await http.open(request(call, accepting: "application/x-ndjson"), idleTimeout: silence)
        } catch {
            throw ZizqError(error)
        }
    }

    private func request(_ call: Call, accepting accept: String = "application/json") -> HTTPClientRequest {
        let type = call.body.isEmpty ? [] : [(name: "content-type", value: "application/json")]
        return HTTPClientRequest(
            method: call.method, target: settings.prefix + call.path,
            headers: [(name: "accept", value: accept)] + settings.headers + type, body: call.body,
            timeout: call.timeout ?? settings.readTimeout)
    }

    /// Returns the answer if it is 2xx.
    func success(_ answer: HTTPClientResponse) throws(ZizqError) -> HTTPClientResponse {
        guard 200...299 ~= answer.status else {
            throw refusal(status: answer.status, body: answer.body, header: answer.header)
        }
        return answer
    }

    func refusal(status: Int, body: [UInt8], header: (String) -> String?) -> ZizqError {
        AnswerReading.refusal(status: status, body: body.span, header: header, now: time.wallMilliseconds())
    }

    // MARK: - The server's version

    /// The supported major version.
    static let majorVersion = 0

    /// Requests the server's version, and logs a warning once if its major version is not supported.
    ///
    /// ```swift
    /// let fits = try await client.checkVersion()
    /// ```
    ///
    /// - Returns: whether the major versions are the same.
    @discardableResult
    public func checkVersion() async throws(ZizqError) -> Bool {
        let version = try await serverVersion()
        let major = version.prefix { $0 != "." }
        guard major != String(Self.majorVersion) else { return true }
        let isFirst = hasWarnedOfVersion.withLock { hasWarned in
            defer { hasWarned = true }
            return !hasWarned
        }
        if isFirst {
            settings.logger?.warning(
                "unsupported Zizq version: this client supports major version \(Self.majorVersion)",
                metadata: [LogKey.version.rawValue: .string(PrintableText.escape(version, limit: 40))])
        }
        return false
    }
}

extension ZizqError {
    init(_ error: HTTPClientError) {
        let reason: TransportFailure.Reason =
            switch error.kind {
            case .resolve: .unresolved
            case .connect: .unreachable
            case .tls: .untrusted
            case .timeout: .timedOut
            case .closed: .broken
            case .malformedResponse: .malformed
            case .responseTooLarge: .tooLong
            case .cancelled: .cancelled
            }
        self = .transport(
            .init(reason: reason, requestBodyMayHaveBeenProcessed: error.mayHaveBeenProcessed, message: error.message))
    }
}
