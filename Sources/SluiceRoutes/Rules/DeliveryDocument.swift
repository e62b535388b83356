internal import SluiceJSON

/// The gateway's own answer to a delivery: `{"id":"…","jobs":1,"dead_letters":0,"duplicate":false}`. Behind that stands
/// `"duplicates":2` where two elements of it were seen before.
package enum DeliveryDocument {
    /// What the answer says of a delivery.
    package enum Content: Sendable {
        /// `duplicates`: how many of its elements were seen before.
        case stored(jobs: Int, deadLetters: Int, duplicates: Int)
        /// All of it was seen before.
        case duplicate
    }

    package static let contentType = "application/json"

    /// - Parameter id: the delivery's, or the first one's where it is a duplicate.
    package static func body(id: String, _ content: Content) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(96)
        body.append(contentsOf: start)
        body.append(contentsOf: id.utf8)
        body.append(contentsOf: afterID)
        append(content, to: &body)
        return body
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

    private static let start = Array(#"{"id":""#.utf8)
    private static let afterID = Array(#"","jobs":"#.utf8)
    private static let afterJobs = Array(#","dead_letters":"#.utf8)
    private static let duplicate = Array(#"0,"dead_letters":0,"duplicate":true}"#.utf8)
    private static let new = Array(#","duplicate":false"#.utf8)
    private static let beforeDuplicates = Array(#","duplicates":"#.utf8)
}
