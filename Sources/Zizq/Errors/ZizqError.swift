internal import SluiceBase
internal import SluiceJSON

/// Why a call to a Zizq server did not succeed.
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
    /// No whole answer arrived: no connection, a connection that broke, or none within the time.
    case transport(TransportFailure)
    /// The server, or something in front of it, answered with a status other than 2xx.
    case response(RefusedResponse)
    /// The server answered 2xx with something other than Zizq's JSON for this call.
    case decoding(UnreadableAnswer)
    /// The call itself is wrong; nothing was sent. The sentence says what.
    case invalidArgument(String)

    /// How a request ended without an answer.
    public struct TransportFailure: Sendable, Hashable {
        /// At which stage it ended.
        public enum Reason: Sendable, Hashable, CaseIterable {
            /// The name of the server has no address.
            case unresolved
            /// No connection came about.
            case unreachable
            /// Who is at the other end is not, or not provably, the server that was asked for.
            case untrusted
            /// Nothing, or not everything, came in time.
            case timedOut
            /// The connection ended before the answer did.
            case broken
            /// What came is not HTTP.
            case malformed
            /// The answer is longer than the client takes.
            case tooLong
            /// The calling task was cancelled, or the client shut down.
            case cancelled
        }

        /// At which stage it ended.
        public let reason: Reason
        /// Whether any byte of the request's body was sent, so that the server may have acted on it.
        public let requestBodyMayHaveBeenProcessed: Bool
        /// What happened, for a person.
        public let message: String

        /// Describes a failure.
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
        /// What the server says in its `{"error":"…"}`; `nil` where the answer is not of that form, as from a proxy.
        public let serverText: String?
        /// How long the server asks to wait (RFC 9110 §10.2.3).
        public let retryAfter: Duration?
        /// What the answer says of itself, such as `content-type: text/html`.
        public let fields: [String]

        /// Describes an answer.
        public init(status: Int, serverText: String?, retryAfter: Duration? = nil, fields: [String] = []) {
            self.status = status
            self.serverText = serverText
            self.retryAfter = retryAfter
            self.fields = fields
        }
    }

    /// An answer of 2xx that cannot be read.
    public struct UnreadableAnswer: Sendable, Hashable {
        /// The HTTP status.
        public let status: Int
        /// What is wrong with it, for a person.
        public let message: String
        /// What the answer says of itself, such as `content-type: text/html`.
        public let fields: [String]

        /// Describes an answer.
        public init(status: Int, message: String, fields: [String] = []) {
            self.status = status
            self.message = message
            self.fields = fields
        }
    }
}

extension ZizqError {
    /// Whether the same call may succeed later without anybody changing anything.
    ///
    /// Where `isAmbiguous` holds as well, sending again may enqueue a job twice.
    public var isRetryable: Bool {
        switch self {
        case .transport(let failure): ![.cancelled, .untrusted, .tooLong].contains(failure.reason)
        case .response(let answer): answer.status == 408 || answer.status == 429 || 500...599 ~= answer.status
        case .decoding, .invalidArgument: false
        }
    }

    /// Whether the server may have done what was asked in spite of the error.
    ///
    /// A refusal of 4xx says that the request was not worked on. One of 5xx says nothing about it: a proxy answers 502,
    /// 503 or 504 also where the server took the request and its answer was lost.
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

    /// Whether what was asked for is there in another form already (409).
    public var isConflict: Bool { status == 409 }

    /// Whether there is no such job, or none that a worker has (404 in Zizq's own words).
    public var isNotFound: Bool {
        if case .response(let answer) = self { answer.status == 404 && answer.serverText != nil } else { false }
    }

    /// The HTTP status of an answer that was no success.
    public var status: Int? { if case .response(let answer) = self { answer.status } else { nil } }

    /// Whether the server lacks the licence for unique or batched jobs. Nothing of the request was enqueued.
    public var isLicence: Bool { licensedFeature != nil }

    /// What the server lacks the licence for.
    public var licensedFeature: LicensedFeature? {
        guard case .response(let answer) = self, answer.status == 403, let text = answer.serverText else { return nil }
        return LicensedFeature.allCases.first { text.hasPrefix($0.refusalPrefix) }
    }

    /// How long the server asks to wait before the next try.
    public var retryAfter: Duration? {
        if case .response(let answer) = self { answer.retryAfter } else { nil }
    }
}

extension ZizqError: CustomStringConvertible {
    /// One sentence for a log line or a person. Of what a server wrote, control characters are escaped.
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

/// What a Zizq server does only with a Pro licence.
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

/// Why a value could not be encoded or decoded, as one sentence. A text of the value itself is not repeated.
enum CodingSentence {
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

    /// `lines.1.count: a string stands where Int is expected`
    private static func sentence(_ path: [any CodingKey], _ what: String) -> String {
        guard !path.isEmpty else { return what }
        let names = path.count > 12 ? path.prefix(10).map(\.stringValue) + ["…"] : path.map(\.stringValue)
        return names.joined(separator: ".") + ": " + what
    }
}
