internal import SluiceBase
internal import SluiceHTTP

/// Which media types a request may name.
enum MediaTypes {
    /// 406 before 415, both before the body is read.
    static func refusal(of request: borrowing RequestView, hasBody: Bool) -> HTTPResponse? {
        if let accept = request.headers.text(of: "accept"), !isAcceptable(accept) {
            return .unsupported(406, "not acceptable")
        }
        guard hasBody, let type = request.headers.text(of: "content-type") else { return nil }
        if type.contains("application/json") { return nil }
        guard type.contains("application/msgpack") else { return .unsupported(415, "unsupported media type") }
        return .error(501, "the development queue reads JSON only")
    }

    private static func isAcceptable(_ accept: String) -> Bool {
        accept.isEmpty || ["*/*", "application/*", "application/json", "application/msgpack"].contains { accept.contains($0) }
    }
}
