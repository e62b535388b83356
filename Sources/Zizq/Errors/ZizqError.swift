internal import SluiceBase
internal import SluiceJSON

/// The error of a call to a Zizq server.
///
/// ```swift
/// do throws(ZizqError) {
///     try await client.enqueue(SendEmail(to: "alice@example.com"))
/// } catch {
///     if error.isLicence {
///         // The server has no licence for unique or batched jobs.
///     } else if error.isRetryable && !error.isAmbiguous {
///         // Nothing was enqueued: the same request may be sent again after `error.retryAfter`.
///     }
/// }
/// ```
public enum ZizqError: Error, Sendable, Hashable {
    /// No complete answer: no connection, a broken connection, or a timeout.
    case transport(TransportFailure)
    /// The server, or something in front of it, answered with a status other than 2xx.
    case response(RefusedResponse)
    /// The server answered 2xx with something other than Zizq's JSON for this call.
    case decoding(UnreadableAnswer)
    /// The call itself is wrong; nothing was sent. The text says why.
    case invalidArgument(String)

    /// A request that ended without a complete answer.
    public struct TransportFailure: Sendable, Hashable {
        /// The stage at which a request ended.
        public enum Reason: Sendable, Hashable, CaseIterable {
            /// The server's name has no address.
            case unresolved
            /// No connection could be opened.
            case unreachable
            /// The server's certificate is not trusted or does not match its name.
            case untrusted
            /// No complete answer within the timeout.
            case timedOut
            /// The connection ended before the answer was complete.
            case broken
            /// The answer is not HTTP.
            case malformed
            /// The answer is longer than the client accepts.
            case tooLong
            /// The calling task was cancelled, or the client shut down.
            case cancelled
        }

        /// The stage at which the request ended.
        public let reason: Reason
        /// Whether a byte of the request's body was sent, so that the server may have processed it.
        public let requestBodyMayHaveBeenProcessed: Bool
        /// A description for people.
        public let message: String

        /// Creates a failure.
        public init(reason: Reason = .broken, requestBodyMayHaveBeenProcessed: Bool, message: String) {
            self.reason = reason
            self.requestBodyMayHaveBeenProcessed = requestBodyMayHaveBeenProcessed
            self.message = message
        }
    }

    /// An answer with a status other than 2xx.
    public struct RefusedResponse: Sendable, Hashable {
        /// The HTTP status.
        public let status: Int
        /// The text of the server's `{"error":"…"}`; `nil` if the answer has another format, such as a proxy's page.
        public let serverText: String?
        /// The wait that the server requests (RFC 9110 §10.2.3).
        public let retryAfter: Duration?
        /// Identifying response headers, such as `content-type: text/html`.
        public let fields: [String]

        /// Creates an answer.
        public init(status: Int, serverText: String?, retryAfter: Duration? = nil, fields: [String] = []) {
            self.status = status
            self.serverText = serverText
            self.retryAfter = retryAfter
            self.fields = fields
        }
    }

    /// A 2xx answer that cannot be read.
    public struct UnreadableAnswer: Sendable, Hashable {
        /// The HTTP status.
        public let status: Int
        /// The problem, for people.
        public let message: String
        /// Identifying response headers, such as `content-type: text/html`.
        public let fields: [String]

        /// Creates an answer.
        public init(status: Int, message: String, fields: [String] = []) {
            self.status = status
            self.message = message
            self.fields = fields
        }
    }
}

extension ZizqError {
    /// Whether the same call may succeed later without a change.
    ///
    /// If `isAmbiguous` is true as well, repeating the call may enqueue a job twice.
    public var isRetryable: Bool {
        switch self {
        case .transport(let failure): ![.cancelled, .untrusted, .tooLong].contains(failure.reason)
        case .response(let answer): answer.status == 408 || answer.status == 429 || 500...599 ~= answer.status
        case .decoding, .invalidArgument: false
        }
    }

    /// Whether the server may have processed the call despite the error.
    ///
    /// A 4xx means that the request was not processed. A 5xx means nothing: a proxy also answers 502, 503 or 504 if the
    /// server accepted the request and its answer was lost.
    public var isAmbiguous: Bool {
        switch self {
        case .transport(let failure): failure.requestBodyMayHaveBeenProcessed
        case .response(let answer): 500...599 ~= answer.status
        case .decoding: true
        case .invalidArgument: false
        }
    }

    /// Whether the calling task was cancelled, or the client shut down.
    public var isCancelled: Bool {
        if case .transport(let failure) = self { failure.reason == .cancelled } else { false }
    }

    /// Whether the request conflicts with the current state (409).
    public var isConflict: Bool { status == 409 }

    /// Whether there is no such job, or, for a report, no worker has it (a 404 from Zizq itself).
    public var isNotFound: Bool {
        if case .response(let answer) = self { answer.status == 404 && answer.serverText != nil } else { false }
    }

    /// The HTTP status of an answer other than 2xx.
    public var status: Int? { if case .response(let answer) = self { answer.status } else { nil } }

    /// Whether the server lacks the licence for unique or batched jobs. Nothing in the request was enqueued.
    public var isLicence: Bool { licensedFeature != nil }

    /// The feature that the server is not licensed for.
    public var licensedFeature: LicensedFeature? {
        guard case .response(let answer) = self, answer.status == 403, let text = answer.serverText else { return nil }
        return LicensedFeature.allCases.first { text.hasPrefix($0.refusalPrefix) }
    }

    /// The wait that the server requests before the next attempt.
    public var retryAfter: Duration? {
        if case .response(let answer) = self { answer.retryAfter } else { nil }
    }
}

extension ZizqError: CustomStringConvertible {
    /// One sentence for a log line or a person. Control characters in the server's text are escaped.
    public var description: String {
        switch self {
        case .transport(let failure): failure.message
        case .response(let answer):
            if let text = answer.serverText {
                "the server answered \(answer.status): \(PrintableText.escape(text, limit: 1000))"
            } else {
                "the answer \(answer.status) does not come from Zizq\(Self.quoted(answer.fields))"
            }
        case .decoding(let answer):
            "the answer \(answer.status) cannot be parsed: \(answer.message)\(Self.quoted(answer.fields))"
        case .invalidArgument(let sentence): sentence
        }
    }

    private static func quoted(_ fields: [String]) -> String {
        fields.isEmpty ? "" : " (\(fields.map { PrintableText.escape($0, limit: 200) }.joined(separator: ", ")))"
    }
}

/// A feature that requires a Pro licence of the server.
///
/// ```swift
/// do throws(ZizqError) {
///     try await client.enqueue(Enqueue(RebuildIndex()).uniqueKey(.raw("rebuild_index")))
/// } catch {
///     if error.licensedFeature == .uniqueJobs { try await client.enqueue(RebuildIndex()) }
/// }
/// ```
public enum LicensedFeature: Sendable, Hashable, CaseIterable {
    /// `unique_key`.
    case uniqueJobs
    /// `batch`.
    case batchedJobs

    var refusalPrefix: String {
        switch self {
        case .uniqueJobs: "unique jobs"
        case .batchedJobs: "batched jobs"
        }
    }
}

/// One sentence about a value that could not be encoded or decoded. It does not contain the value.
enum CodingErrorText {
    static func of(_ error: any Error) -> String {
        switch error {
        case EncodingError.invalidValue(_, let context): sentence(context.codingPath, context.debugDescription)
        case DecodingError.dataCorrupted(let context): sentence(context.codingPath, context.debugDescription)
        case DecodingError.keyNotFound(_, let context): sentence(context.codingPath, context.debugDescription)
        case DecodingError.typeMismatch(_, let context): sentence(context.codingPath, context.debugDescription)
        case DecodingError.valueNotFound(_, let context): sentence(context.codingPath, context.debugDescription)
        case let error as JSONError: error.description
        default: "\(error)"
        }
    }

    /// `lines.1.count: expected Int, found a string`, for example.
    private static func sentence(_ path: [any CodingKey], _ what: String) -> String {
        guard !path.isEmpty else { return what }
        let names = path.count > 12 ? path.prefix(10).map(\.stringValue) + ["…"] : path.map(\.stringValue)
        return names.joined(separator: ".") + ": " + what
    }
}
