internal import SluiceBase

/// `reply`: the answer to a success.
package struct ReplyTemplate: Sendable {
    package enum Body: Sendable {
        case text(TextTemplate)
        case json(PayloadTemplate)
    }

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
    /// Whether it contains the delivery's id.
    let namesDelivery: Bool

    package init(status: Int, headers: [Header], body: Body?, namesDelivery: Bool) {
        self.status = status
        self.headers = headers
        self.body = body
        self.namesDelivery = namesDelivery
    }

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
