package import SluiceBase

/// The answer to a refused request: `application/problem+json` (RFC 9457), made once for each code.
///
/// `type` is left out, which makes it `about:blank`; so `title` is the status's own name, `detail` the code's sentence, and `code` is
/// what a program reads.
package enum ProblemDocument {
    /// The answer for a code.
    ///
    /// - Parameters:
    ///   - rule: which rule a malformed request breaks; never anything of the request itself.
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
        guard let rule, code == .malformedRequest || code == .headTooLarge, needsNoEscape(rule) else {
            return bodies[code] ?? render(code, detail: code.title)
        }
        return render(code, detail: "\(code.title.dropLast()): \(rule).")
    }

    private static func needsNoEscape(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    private static let bodies = Dictionary(uniqueKeysWithValues: ErrorCode.allCases.map { ($0, render($0, detail: $0.title)) })

    /// Nothing here needs a JSON escape: all texts are ours, and a test holds them to that.
    private static func render(_ code: ErrorCode, detail: String) -> [UInt8] {
        let phrase = StatusPhrase.text(code.httpStatus)
        let members =
            "\"title\":\"\(phrase)\",\"status\":\(code.httpStatus),\"detail\":\"\(detail)\",\"code\":\"\(code.rawValue)\""
        return Array("{\(members)}".utf8)
    }
}
