internal import SluiceBase
internal import SluiceHTTP

/// Which media types a request may name, and what they mean.
enum MediaTypes {
    /// 406 before 415, both before the body is read.
    static func refusal(of request: borrowing RequestView, route: DevQueueRoute) -> HTTPResponse? {
        let isStream = route == .take
        if let accept = request.headers.text(of: "accept"), !isAcceptable(accept, asStream: isStream) {
            return .unsupported(406, "not acceptable", supported: isStream ? streamTypes : types)
        }
        guard route.hasBody, request.method.equals("POST"), let type = request.headers.text(of: "content-type") else { return nil }
        if types.contains(where: { type.contains($0) }) { return nil }
        return .unsupported(415, "unsupported media type", supported: types)
    }

    /// In which notation the body is.
    static func ofBody(_ request: borrowing RequestView) -> MessageFormat {
        guard let type = request.headers.text(of: "content-type"), !type.contains(types[0]) else { return .json }
        return type.contains(types[1]) ? .messagePack : .json
    }

    /// In which notation the answer is to be: MessagePack where it is named and JSON is not.
    static func ofAnswer(_ request: borrowing RequestView) -> MessageFormat {
        guard let accept = request.headers.text(of: "accept") else { return .json }
        let isNamed = accept.contains(types[1]) || accept.contains(streamTypes[1])
        return isNamed && !accept.contains(types[0]) && !accept.contains(streamTypes[0]) ? .messagePack : .json
    }

    private static func isAcceptable(_ accept: String, asStream: Bool) -> Bool {
        accept.isEmpty || (anything + types + (asStream ? streamTypes : [])).contains { accept.contains($0) }
    }

    private static let anything = ["*/*", "application/*"]
    private static let types = ["application/json", "application/msgpack"]
    private static let streamTypes = [MessageFormat.json.streamType, MessageFormat.messagePack.streamType]
}
