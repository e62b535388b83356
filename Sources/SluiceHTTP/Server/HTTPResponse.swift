package import SluiceBase

/// One answer, before it is bytes.
package struct HTTPResponse: Sendable {
    /// 200–599.
    package var status: Int
    /// What the answer says besides its length, its date and the connection's fate, which the writer adds. UTF-8; bytes
    /// that a header line cannot hold are dropped.
    package var headers: [(name: String, value: String)]
    /// Not written in an answer to HEAD, nor with 204 and 304.
    package var body: [UInt8]
    /// Whether a success shows that the sender is known, so that its connection is not closed for another one.
    package var isForKnownSender = true

    /// - Parameter status: 200–599.
    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// The answer to a refused request: `application/problem+json` (RFC 9457), made once for each code.
///
/// `type` is left out, which makes it `about:blank`; so `title` is the status's own name, `detail` the code's sentence,
/// and `code` is what a program reads.
package enum ProblemDocument {
    /// The answer for a code.
    ///
    /// - Parameters:
    ///   - rule: which rule the request breaks, or which part of a signature is missing or not valid; never anything
    ///     of the request itself. Codes whose sentence says it all leave it out.
    ///   - headers: what this refusal says in addition, such as `allow` or `retry-after`.
    package static func response(
        for code: ErrorCode, rule: String? = nil, headers: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        var lines = [(name: "content-type", value: "application/problem+json")]
        // A 401 must name a scheme (RFC 9110 §15.5.2); there is no registered one for webhook signatures.
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
    }

    private static let bodies = Dictionary(
        uniqueKeysWithValues: ErrorCode.allCases.map { ($0, render($0, detail: $0.title)) })

    /// Nothing here needs a JSON escape: all texts are ours, and a test holds them to that.
    private static func render(_ code: ErrorCode, detail: String) -> [UInt8] {
        let phrase = StatusPhrase.text(code.httpStatus)
        let status = "\"title\":\"\(phrase)\",\"status\":\(code.httpStatus)"
        return Array("{\(status),\"detail\":\"\(detail)\",\"code\":\"\(code.rawValue)\"}".utf8)
    }
}

/// When a refused sender should come back (RFC 9110 §10.2.3).
package enum RetryAfter {
    /// The header for a code that a later try can cure, nothing for the others.
    ///
    /// - Parameter wait: how long the cure takes, where it is known; whole seconds are said, rounded up.
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
