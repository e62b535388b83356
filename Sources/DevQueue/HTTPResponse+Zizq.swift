internal import SluiceHTTP

/// The shapes of Zizq's answers.
extension HTTPResponse {
    /// An answer with a JSON body.
    static func json(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("content-type", "application/json")], body: body)
    }

    /// `{"error":"…"}`.
    static func error(_ status: Int, _ sentence: String) -> HTTPResponse {
        var body = Array(#"{"error":"#.utf8)
        body.appendJSON(text: sentence)
        body.append(UInt8(ascii: "}"))
        return json(status, body)
    }

    /// The media types are refused with the ones that would do.
    static func unsupported(_ status: Int, _ sentence: String, supported: [String]) -> HTTPResponse {
        let list = supported.map { #""\#($0)""# }.joined(separator: ",")
        return json(status, Array(#"{"error":"\#(sentence)","supported":[\#(list)]}"#.utf8))
    }
}
