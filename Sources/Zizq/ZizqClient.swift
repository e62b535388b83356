internal import SluiceBase
internal import SluiceHTTP
package import SluiceNet

/// A client for one Zizq server. Callable from any task; keeps a few connections open.
///
/// ```swift
/// let client = try ZizqClient(ZizqConfiguration(url: "http://127.0.0.1:7890"))
/// let body = Array(#"{"jobs":[{"type":"send_email","queue":"default","payload":{"to":"alice@example.com"}}]}"#.utf8)
/// let jobs = try await client.enqueueBulk(raw: body)
/// print(jobs[0].id)
/// await client.shutdown()
/// ```
///
/// Nothing is sent twice: whether a call that failed may be repeated is said by `ZizqError.isRetryable` and `isAmbiguous`, and
/// is the caller's choice.
public final class ZizqClient: Sendable {
    private let http: HTTPClient
    /// The event loop that the client made for itself; `nil` where it was given one.
    private let ownLoop: EventLoopGroup?
    private let prefix: String
    private let headers: [(name: String, value: String)]
    private let readTimeout: Duration
    private let time = SystemTime()

    /// Makes a client; connects when there is something to send.
    ///
    /// - Throws: `invalidArgument` where the configuration is wrong or a file of it cannot be read.
    public convenience init(_ configuration: ZizqConfiguration = ZizqConfiguration()) throws(ZizqError) {
        let settings = try ConnectionSettings(configuration)
        let group: EventLoopGroup
        do throws(SystemCallError) { group = try EventLoopGroup(count: 1, name: "zizq") } catch {
            throw .transport(.init(requestBodyMayHaveBeenProcessed: false, message: "no event loop: \(error)"))
        }
        self.init(settings, ownLoop: group, mailbox: group.mailboxes[0])
    }

    /// Makes a client whose connections are on a given event loop.
    package convenience init(_ configuration: ZizqConfiguration, loop mailbox: LoopMailbox) throws(ZizqError) {
        self.init(try ConnectionSettings(configuration), ownLoop: nil, mailbox: mailbox)
    }

    private init(_ settings: ConnectionSettings, ownLoop: EventLoopGroup?, mailbox: LoopMailbox) {
        http = HTTPClient(configuration: settings.http, loop: mailbox)
        self.ownLoop = ownLoop
        prefix = settings.prefix
        readTimeout = settings.readTimeout
        headers = settings.headers
    }

    deinit {
        http.shutdown()
        if let ownLoop { Task { await ownLoop.stop() } }
    }

    /// Enqueues jobs from a request body that is finished: `{"jobs":[…]}` in JSON. All of them, or none.
    ///
    /// ```swift
    /// let jobs = try await client.enqueueBulk(raw: body, timeout: .seconds(60))
    /// for job in jobs where job.duplicate { print("\(job.id) was there already") }
    /// ```
    ///
    /// The bytes are neither read nor copied beyond the one copy into the request.
    ///
    /// - Parameters:
    ///   - body: what the server gets, as it is.
    ///   - timeout: for the answer; the configuration's `readTimeout` unless given.
    /// - Returns: what became of each job, in the order of the request.
    public func enqueueBulk(raw body: [UInt8], timeout: Duration? = nil) async throws(ZizqError) -> [EnqueuedJob] {
        try await postBulk(body, timeout: timeout).result.get()
    }

    /// The same, and whether the answer came on a new connection, so that another server may have answered than the last time.
    package func postBulk(_ body: [UInt8], timeout: Duration? = nil) async -> BulkAnswer {
        guard !body.isEmpty else { return BulkAnswer(result: .failure(.invalidArgument("the body is empty")), isNewConnection: false) }
        do throws(ZizqError) {
            let answer = try await send("POST", "/jobs/bulk", body: body, timeout: timeout)
            return BulkAnswer(result: Self.jobs(answer, time), isNewConnection: answer.isFirstOfConnection)
        } catch {
            return BulkAnswer(result: .failure(error), isNewConnection: false)
        }
    }

    /// Asks whether the server is up.
    ///
    /// ```swift
    /// try await client.health()
    /// ```
    ///
    /// - Throws: where it does not answer `{"status":"ok"}`. A server that can no longer write still says that it is healthy.
    public func health() async throws(ZizqError) {
        let answer = try await success("/health")
        let status = try AnswerReading.text("status", status: answer.status, body: answer.body.span)
        guard status == "ok" else { throw .decoding(.init(status: answer.status, message: "the status is not ok")) }
    }

    /// Asks for the server's version, such as `0.6.1`.
    ///
    /// ```swift
    /// let version = try await client.serverVersion()
    /// ```
    public func serverVersion() async throws(ZizqError) -> String {
        let answer = try await success("/version")
        return try AnswerReading.text("version", status: answer.status, body: answer.body.span)
    }

    /// Closes every connection; calls that are under way fail, and so do later ones.
    public func shutdown() async {
        http.shutdown()
        await ownLoop?.stop()
    }

    private static func jobs(_ answer: HTTPClientResponse, _ time: SystemTime) -> Result<[EnqueuedJob], ZizqError> {
        do throws(ZizqError) {
            guard 200...299 ~= answer.status else { throw refusal(answer, time) }
            return .success(try AnswerReading.jobs(status: answer.status, body: answer.body.span))
        } catch {
            return .failure(error)
        }
    }

    private static func refusal(_ answer: HTTPClientResponse, _ time: SystemTime) -> ZizqError {
        AnswerReading.refusal(
            status: answer.status, body: answer.body.span, retryAfter: answer.header("retry-after"), now: time.wallMilliseconds())
    }

    private func success(_ path: String) async throws(ZizqError) -> HTTPClientResponse {
        let answer = try await send("GET", path, body: [], timeout: nil)
        guard answer.status == 200 else { throw Self.refusal(answer, time) }
        return answer
    }

    private func send(
        _ method: String, _ path: String, body: [UInt8], timeout: Duration?
    ) async throws(ZizqError) -> HTTPClientResponse {
        let type = body.isEmpty ? [] : [(name: "content-type", value: "application/json")]
        let request = HTTPClientRequest(
            method: method, target: prefix + path, headers: headers + type, body: body, timeout: timeout ?? readTimeout)
        do throws(HTTPClientError) {
            return try await http.send(request)
        } catch {
            throw .transport(.init(requestBodyMayHaveBeenProcessed: error.mayHaveBeenProcessed, message: error.message))
        }
    }
}

/// What a bulk enqueue came to.
package struct BulkAnswer: Sendable {
    package let result: Result<[EnqueuedJob], ZizqError>
    /// Whether the answer came on a connection that was opened for this request.
    package let isNewConnection: Bool

    package init(result: Result<[EnqueuedJob], ZizqError>, isNewConnection: Bool) {
        self.result = result
        self.isNewConnection = isNewConnection
    }
}
