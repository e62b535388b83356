internal import Logging
internal import SluiceBase
internal import SluiceHTTP
internal import SluiceJSON

/// Jobs that a worker takes while it iterates. Each one is `inFlight` until it is reported with `success` or `failure`.
///
/// ```swift
/// for try await job in client.take(queues: ["emails"], prefetch: 4) {
///     do {
///         try await send(job.decode(SendEmail.self))
///         try await client.success(job.id)
///     } catch {
///         try await client.failure(job.id, message: "\(error)")
///     }
/// }
/// ```
///
/// A stream is a connection. When it ends, because of a `break`, a cancelled task or a network failure, the server
/// returns every unreported job of that connection to its queue. After a failure the stream reconnects automatically,
/// at first soon and later at most 30 seconds apart. Jobs may then arrive a second time, so make the work idempotent.
/// After `silence` without a heartbeat of the server, the connection counts as lost.
///
/// The stream ends when its task is cancelled, and throws if reconnecting cannot help: for a status other than 408, 429
/// or 5xx.
public struct JobStream: AsyncSequence, Sendable {
    let client: ZizqClient
    let path: String
    let silence: Duration
    let complaint: ZizqError?

    /// Starts an iteration.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// Takes one job per step.
    public struct Iterator: AsyncIteratorProtocol {
        private let sequence: JobStream
        private var stream: HTTPClientStream?
        private var lines = LineBuffer()
        private var pace = ReconnectDelay()

        init(_ sequence: JobStream) { self.sequence = sequence }

        /// Waits for the next job. Returns `nil` if the task was cancelled.
        public mutating func next() async throws(ZizqError) -> Job? { try await next(isolation: nil) }

        /// Waits for the next job, in the given isolation.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ZizqError) -> Job? {
            if let complaint = sequence.complaint { throw complaint }
            while !Task.isCancelled {
                if let line = lines.next() {
                    pace.jobReceived()
                    return try Self.job(line)
                }
                do throws(ZizqError) {
                    try await readMore(isolation: actor)
                } catch {
                    try await recover(from: error, isolation: actor)
                }
            }
            stream?.cancel()
            stream = nil
            return nil
        }

        private static func job(_ line: [UInt8]) throws(ZizqError) -> Job {
            try AnswerReading.job(status: 200, body: line.span)
        }

        /// Reads what the server has sent, on a new connection if there is none.
        private mutating func readMore(isolation actor: isolated (any Actor)?) async throws(ZizqError) {
            if stream == nil {
                stream = try await open(isolation: actor)
                // An incomplete line of the last connection is not continued on this one.
                lines = LineBuffer()
            }
            guard let stream else { return }
            do throws(HTTPClientError) {
                guard let chunk = try await stream.next() else {
                    throw HTTPClientError(.closed, mayHaveBeenProcessed: true, "the server closed the stream of jobs")
                }
                lines.append(chunk)
            } catch {
                throw ZizqError(error)
            }
            let limit = sequence.client.settings.http.responseLimit
            guard lines.unfinished <= limit else {
                let message = "a job in the stream has more than \(limit) bytes"
                throw .transport(.init(reason: .tooLong, requestBodyMayHaveBeenProcessed: true, message: message))
            }
        }

        private func open(isolation actor: isolated (any Actor)?) async throws(ZizqError) -> HTTPClientStream {
            let call = ZizqClient.Call(method: "GET", path: sequence.path, retry: .off)
            let stream = try await sequence.client.open(call, silence: sequence.silence)
            if stream.status == 200 {
                let type = stream.headers.first { $0.name.lowercased() == "content-type" }?.value
                guard type?.lowercased().hasPrefix("application/x-ndjson") == true else {
                    throw .decoding(
                        .init(status: 200, message: "the answer is not a stream of jobs (application/x-ndjson)"))
                }
                return stream
            }
            let body = (try? await stream.collect(limit: 64 * 1024)) ?? []
            throw sequence.client.refusal(status: stream.status, body: body) { name in
                stream.headers.first { $0.name.lowercased() == name }?.value
            }
        }

        /// Waits before reconnecting, or throws if reconnecting cannot help.
        private mutating func recover(from error: ZizqError, isolation actor: isolated (any Actor)?)
            async throws(ZizqError)
        {
            stream = nil
            guard error.isRetryable, !Task.isCancelled else {
                if Task.isCancelled { return }
                throw error
            }
            let wait = pace.failed(asked: error.retryAfter)
            let settings = sequence.client.settings
            settings.logger?.warning(
                "the stream of jobs was interrupted; reconnecting",
                metadata: [
                    LogKey.reason.rawValue: .string(PrintableText.escape(error.description)),
                    LogKey.milliseconds.rawValue: .stringConvertible(wait.wholeMilliseconds),
                ])
            // A cancelled wait ends the iteration in the next step.
            try? await settings.pause(wait)
        }
    }
}

/// Splits a stream of bytes into lines (NDJSON). Empty lines are heartbeats and are skipped.
struct LineBuffer {
    private var bytes: [UInt8] = []
    /// The start of the next line.
    private var start = 0
    /// The position up to which no line feed was found.
    private var searched = 0

    mutating func append(_ chunk: [UInt8]) {
        if start > 0 {
            bytes.removeSubrange(0..<start)
            searched -= start
            start = 0
        }
        bytes += chunk
    }

    /// The size of an incomplete line.
    var unfinished: Int { bytes.count - start }

    /// Returns the next complete line, without its line feed.
    mutating func next() -> [UInt8]? {
        while searched < bytes.count {
            let index = searched
            searched += 1
            guard bytes[index] == ASCII.lineFeed else { continue }
            defer { start = index + 1 }
            if index > start { return Array(bytes[start..<index]) }
        }
        return nil
    }
}

/// The delay before a stream of jobs is opened again: random, up to a bound that doubles with each failure. A job
/// resets it.
struct ReconnectDelay {
    private static let first: Int64 = 100_000_000
    private static let longest: Int64 = 30_000_000_000

    private var failures = 0

    mutating func jobReceived() { failures = 0 }

    /// - Parameter asked: the wait that the server requests.
    mutating func failed(asked: Duration?) -> Duration {
        let bound = min(Self.longest, Self.first << Int64(min(failures, 20)))
        failures += 1
        return max(asked ?? .zero, .nanoseconds(Int64.random(in: 0...bound)))
    }
}
