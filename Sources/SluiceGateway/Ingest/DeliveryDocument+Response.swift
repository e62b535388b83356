internal import SluiceHTTP
internal import SluiceRoutes

extension DeliveryDocument {
    private static let contentTypeHeader = [(name: "content-type", value: contentType)]

    /// - Parameters:
    ///   - id: the delivery's, or the first one's where it is a duplicate.
    ///   - reply: what the route says instead; its status and headers hold even where the document stays.
    static func response(id: String, _ content: Content, reply: RouteReply?) -> HTTPResponse {
        if let reply, let body = reply.body {
            return HTTPResponse(
                status: reply.status, headers: reply.headers.map { (name: $0.name, value: $0.value) }, body: body)
        }
        let extra = reply?.headers.map { (name: $0.name, value: $0.value) } ?? []
        return HTTPResponse(
            status: reply?.status ?? 200, headers: contentTypeHeader + extra, body: body(id: id, content))
    }
}
