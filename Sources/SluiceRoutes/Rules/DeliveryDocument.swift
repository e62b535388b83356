internal import SluiceJSON

/// The gateway's standard answer to a delivery: `{"id":"…","jobs":1,"dead_letters":0,"duplicate":false}`, with
/// `"duplicates":2` at its end if two elements were seen before.
package enum DeliveryDocument {
    /// The contents of the answer.
    package enum Content: Sendable {
        /// `duplicates`: the number of elements that were seen before.
        case stored(jobs: Int, deadLetters: Int, duplicates: Int)
        /// The whole delivery was seen before.
        case duplicate
    }

    package static let contentType = "application/json"

    /// - Parameter id: of the delivery, or for a duplicate of the first one.
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
        body.appendDecimal(jobs)
        body.append(contentsOf: afterJobs)
        body.appendDecimal(deadLetters)
        body.append(contentsOf: new)
        if duplicates > 0 {
            body.append(contentsOf: beforeDuplicates)
            body.appendDecimal(duplicates)
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
