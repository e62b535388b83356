internal import SluiceBase
internal import SluiceHTTP
internal import SluiceJSON
internal import SluiceRoutes

/// The gateway's own answer to a delivery: `{"id":"…","jobs":1,"dead_letters":0,"duplicate":false}`. Behind that stands `"duplicates":2` where two
/// elements of it were seen before.
enum DeliveryDocument {
    /// What the answer says of a delivery.
    enum Content {
        /// `duplicates`: how many of its elements were seen before.
        case stored(jobs: Int, deadLetters: Int, duplicates: Int)
        /// All of it was seen before.
        case duplicate
    }

    /// - Parameters:
    ///   - id: the delivery's, or the first one's where it is a duplicate.
    ///   - reply: what the route says instead; its status and headers hold even where the document stays.
    static func response(id: String, _ content: Content, reply: RouteReply?) -> HTTPResponse {
        if let reply, let body = reply.body {
            return HTTPResponse(status: reply.status, headers: reply.headers.map { (name: $0.name, value: $0.value) }, body: body)
        }
        var body: [UInt8] = []
        body.reserveCapacity(96)
        body.append(contentsOf: start)
        body.append(contentsOf: id.utf8)
        body.append(contentsOf: afterID)
        append(content, to: &body)
        let extra = reply?.headers.map { (name: $0.name, value: $0.value) } ?? []
        return HTTPResponse(status: reply?.status ?? 200, headers: contentType + extra, body: body)
    }

    private static func append(_ content: Content, to body: inout [UInt8]) {
        guard case .stored(let jobs, let deadLetters, let duplicates) = content else {
            body.append(contentsOf: duplicate)
            return
        }
        body.appendJSONInteger(Int64(jobs))
        body.append(contentsOf: afterJobs)
        body.appendJSONInteger(Int64(deadLetters))
        body.append(contentsOf: new)
        if duplicates > 0 {
            body.append(contentsOf: beforeDuplicates)
            body.appendJSONInteger(Int64(duplicates))
        }
        body.append(UInt8(ascii: "}"))
    }

    private static let contentType = [(name: "content-type", value: "application/json")]
    private static let start = Array(#"{"id":""#.utf8)
    private static let afterID = Array(#"","jobs":"#.utf8)
    private static let afterJobs = Array(#","dead_letters":"#.utf8)
    private static let duplicate = Array(#"0,"dead_letters":0,"duplicate":true}"#.utf8)
    private static let new = Array(#","duplicate":false"#.utf8)
    private static let beforeDuplicates = Array(#","duplicates":"#.utf8)
}
