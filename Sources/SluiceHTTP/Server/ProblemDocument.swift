package import SluiceBase

/// The answer to a refused request: `application/problem+json` (RFC 9457), made once for each code.
///
/// `type` is left out, which makes it `about:blank`; so `title` is the status's own name, `detail` the code's sentence, and `code` is
/// what a program reads.
package enum ProblemDocument {
    /// The answer for a code.
    ///
    /// - Parameter headers: what this refusal says in addition, such as `allow` or `retry-after`.
    package static func response(for code: ErrorCode, headers: [(name: String, value: String)] = []) -> HTTPResponse {
        var lines = [(name: "content-type", value: "application/problem+json")]
        // A 401 must name a scheme (RFC 9110 §15.5.2); there is no registered one for webhook signatures.
        if code.httpStatus == 401 { lines.append((name: "www-authenticate", value: "Signature")) }
        return HTTPResponse(status: code.httpStatus, headers: lines + headers, body: bodies[code] ?? render(code))
    }

    private static let bodies = Dictionary(uniqueKeysWithValues: ErrorCode.allCases.map { ($0, render($0)) })

    /// Nothing here needs a JSON escape: all texts are ours, and a test holds them to that.
    private static func render(_ code: ErrorCode) -> [UInt8] {
        let phrase = StatusPhrase.text(code.httpStatus)
        let members =
            "\"title\":\"\(phrase)\",\"status\":\(code.httpStatus),\"detail\":\"\(code.title)\",\"code\":\"\(code.rawValue)\""
        return Array("{\(members)}".utf8)
    }
}
