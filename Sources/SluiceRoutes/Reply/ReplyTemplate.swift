internal import SluiceBase

/// What `reply` says: how a success is answered.
struct ReplyTemplate: Sendable {
    enum Body: Sendable {
        case text(TextTemplate)
        case json(PayloadTemplate)
    }

    struct Header: Sendable {
        let name: String
        let value: TextTemplate
    }

    /// In bytes; a body that turns out larger gives way to the gateway's own document.
    static let largestBody = 16 << 10
    /// In bytes; a header whose value turns out longer, or is no plain ASCII, is left out.
    static let longestValue = 1024

    let status: Int
    let headers: [Header]
    let body: Body?
    /// Whether the delivery's id stands in it.
    let namesDelivery: Bool

    func reply(_ context: borrowing DeliveryContext) -> RouteReply {
        var headers: [RouteReply.Header] = []
        for header in self.headers {
            let value = context.text(header.value)
            guard Self.isValue(value) else { continue }
            headers.append(RouteReply.Header(name: header.name, value: String(decoding: value, as: UTF8.self)))
        }
        guard let body = rendered(context) else {
            // The document that stands in for it has a type of its own.
            headers.removeAll { $0.name.lowercased() == "content-type" }
            return RouteReply(
                status: status, headers: headers, body: Self.hasNoContent(status) ? [] : nil,
                namesDelivery: namesDelivery)
        }
        if !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            headers.append(RouteReply.Header(name: "content-type", value: contentType))
        }
        return RouteReply(status: status, headers: headers, body: body, namesDelivery: namesDelivery)
    }

    private func rendered(_ context: borrowing DeliveryContext) -> [UInt8]? {
        let bytes: [UInt8]
        switch body {
        case nil: return nil
        case .text(let template): bytes = context.text(template)
        case .json(let template): bytes = context.json(template)
        }
        return bytes.count <= Self.largestBody ? bytes : nil
    }

    private var contentType: String {
        if case .json = body { "application/json" } else { "text/plain; charset=utf-8" }
    }

    static func isValue(_ bytes: [UInt8]) -> Bool {
        bytes.count <= longestValue && bytes.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// RFC 9110 §15.3.5 and §15.3.6.
    static func hasNoContent(_ status: Int) -> Bool { status == 204 || status == 205 }
}
