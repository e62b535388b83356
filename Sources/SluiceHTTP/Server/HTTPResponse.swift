package import SluiceBase

/// An answer before it is encoded.
package struct HTTPResponse: Sendable {
    /// 200–599.
    package var status: Int
    /// The headers, except for length, date and connection, which the writer adds. UTF-8; bytes that a header line
    /// cannot contain are dropped.
    package var headers: [(name: String, value: String)]
    /// Not written in an answer to HEAD, or with 204 and 304.
    package var body: [UInt8]
    /// Whether a success shows that the sender is known, so that its connection is not closed for another one: not if
    /// the request passed no verifier.
    package var isForKnownSender = true

    /// - Parameter status: 200–599.
    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// The answer to a refused request: `application/problem+json` (RFC 9457), created once per code.
///
/// `type` is left out, which means `about:blank`, so `title` is the name of the status, `detail` the code's sentence,
/// and programs read `code`.
package enum ProblemDocument {
    /// The answer for a code.
    ///
    /// - Parameters:
    ///   - rule: the rule that the request breaks, or the part of a signature that is missing or not valid; never any
    ///     part of the request itself. Codes with a complete sentence leave it out.
    ///   - headers: additional ones, such as `allow` or `retry-after`.
    package static func response(
        for code: ErrorCode, rule: String? = nil, headers: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        var lines = [(name: "content-type", value: "application/problem+json")]
        // A 401 must name a scheme (RFC 9110 §15.5.2); none is registered for webhook signatures.
        if code.httpStatus == 401 { lines.append((name: "www-authenticate", value: "Signature")) }
        return HTTPResponse(status: code.httpStatus, headers: lines + headers, body: body(for: code, rule))
    }

    private static func body(for code: ErrorCode, _ rule: String?) -> [UInt8] {
        guard let rule, namesRule(code), needsNoEscape(rule) else {
            return bodies[code] ?? render(code, detail: code.title)
        }
        return render(code, detail: "\(code.title.dropLast()): \(rule).")
    }

    /// Whether the code covers several causes, so that its sentence alone does not say what to correct.
    private static func namesRule(_ code: ErrorCode) -> Bool {
        switch code {
        case .malformedRequest, .headTooLarge, .contentTypeNotSupported, .signatureMissing, .signatureInvalid: true
        default: false
        }
    }

    private static func needsNoEscape(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            && PrintableText.escape(text, limit: .max) == text
    }

    private static let bodies = Dictionary(
        uniqueKeysWithValues: ErrorCode.allCases.map { ($0, render($0, detail: $0.title)) })

    /// Nothing here needs a JSON escape: a test checks all texts.
    private static func render(_ code: ErrorCode, detail: String) -> [UInt8] {
        let phrase = StatusPhrase.text(code.httpStatus)
        let status = "\"title\":\"\(phrase)\",\"status\":\(code.httpStatus)"
        return Array("{\(status),\"detail\":\"\(detail)\",\"code\":\"\(code.rawValue)\"}".utf8)
    }
}

/// When a refused sender should retry (RFC 9110 §10.2.3).
package enum RetryAfter {
    /// The header for a code after which a retry can succeed; none for the others.
    ///
    /// - Parameter wait: the known wait; rounded up to whole seconds.
    package static func headers(for code: ErrorCode, atLeast wait: Duration? = nil) -> [(name: String, value: String)] {
        guard let seconds = seconds(for: code) else { return [] }
        let known = wait.map { Int(($0.wholeMilliseconds + 999) / 1000) } ?? 0
        return [(name: "retry-after", value: String(max(seconds, known)))]
    }

    private static func seconds(for code: ErrorCode) -> Int? {
        switch code {
        case .keyUnavailable, .handshakeCallFailed, .outboxFull, .outboxShareFull, .deadLettersFull, .diskFull: 30
        case .memoryFull, .commitTooSlow, .commitFailed, .shuttingDown: 5
        case .rateLimited: 1
        case .malformedRequest, .httpsRequired, .targetTooLong, .headTooLarge, .headTimeout, .bodyTimeout,
            .bodyTooLarge,
            .expectationFailed,
            .versionNotSupported, .transferCodingNotSupported, .contentEncodingNotSupported, .noSuchRoute,
            .methodNotAllowed,
            .addressNotAllowed, .handshakeRefused, .contentTypeNotSupported, .signatureMissing, .signatureInvalid,
            .signatureExpired,
            .uniqueKeyMissing,
            .bodyUnreadable, .payloadMismatch, .internalError:
            nil
        }
    }
}
