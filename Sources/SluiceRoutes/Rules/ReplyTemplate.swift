internal import SluiceBase
internal import SluiceJSON

/// `reply`: the answer to a success.
package struct ReplyTemplate: Sendable {
    /// `body` of `reply`.
    package enum Body: Sendable {
        case text(TextTemplate)
        case json(PayloadTemplate)

        var references: [Reference] {
            switch self {
            case .text(let template): template.references
            case .json(let template): template.references
            }
        }
    }

    /// A header of `reply`.
    package struct Header: Sendable {
        package let name: String
        package let value: TextTemplate

        package init(name: String, value: TextTemplate) {
            self.name = name
            self.value = value
        }
    }

    /// In bytes; a larger body is replaced by the gateway's document.
    package static let largestBody = 16 << 10
    /// In bytes; a header with a longer value, or one that is not plain ASCII, is left out.
    package static let longestValue = 1024

    let status: Int
    let headers: [Header]
    let body: Body?
    /// The references in its headers and its body.
    package let references: [Reference]
    /// Whether it contains the delivery's id.
    let namesDelivery: Bool

    package init(status: Int, headers: [Header], body: Body?) {
        self.status = status
        self.headers = headers
        self.body = body
        references = headers.flatMap(\.value.references) + (body?.references ?? [])
        namesDelivery = references.contains { $0.source == .request(.deliveryID) }
    }

    /// Whether it can be the value of a header of a reply.
    package static func isValue(_ bytes: [UInt8]) -> Bool {
        bytes.count <= longestValue && bytes.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// RFC 9110 §15.3.5 and §15.3.6.
    package static func hasNoContent(_ status: Int) -> Bool { status == 204 || status == 205 }
}

/// The answer to a success.
package struct RouteReply: Sendable, Hashable {
    /// 200–299; for a refused handshake 400–499.
    package var status: Int
    package var headers: [Header]
    /// `nil` for the gateway's document, with the delivery's id and result.
    package var body: [UInt8]?
    /// Whether headers or body contain the delivery's id.
    package var namesDelivery = false

    /// A header of the answer.
    package struct Header: Sendable, Hashable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// 200 with the gateway's own document.
    package static let standard = RouteReply(status: 200, headers: [], body: nil)

    /// The reply to a duplicate, with the id of the first delivery.
    package func naming(_ first: String, insteadOf own: String) -> RouteReply {
        guard namesDelivery else { return self }
        var reply = self
        reply.headers = headers.map { Header(name: $0.name, value: $0.value.replacing(own, with: first)) }
        reply.body = body.map { $0.replacing(Array(own.utf8), with: Array(first.utf8)) }
        return reply
    }
}

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
