internal import SluiceBase

/// Templates with their references filled in.
extension JobStart {
    /// When the job is ready, in milliseconds since 1970.
    func milliseconds(_ context: borrowing DeliveryContext) throws(ValueError) -> Int64 {
        switch self {
        case .delay(let delay): return context.receivedAtMilliseconds + delay.wholeMilliseconds
        case .readyAt(let milliseconds): return milliseconds
        case .renderedDelay(let template):
            guard let delay = DurationText.parse(String(decoding: context.text(template), as: UTF8.self)),
                Self.delays.contains(delay)
            else {
                throw ValueError(message: "delay must be a duration from 0 to 3650d, such as 30s")
            }
            return context.receivedAtMilliseconds + delay.wholeMilliseconds
        case .renderedReadyAt(let template):
            do throws(ValueError) {
                return try Self.milliseconds(String(decoding: context.text(template), as: UTF8.self))
            } catch {
                throw ValueError(message: "ready_at \(error.message)")
            }
        }
    }
}

extension BatchTemplate {
    /// The batch of one job; `nil` if the key is empty.
    func batch(_ context: borrowing DeliveryContext) -> JobBatch? {
        switch key {
        case .constant: return constant
        case .rendered(let template):
            let key = String(decoding: context.text(template), as: UTF8.self)
            return key.isEmpty ? nil : JobBatch(key: key, when: when, fold: fold)
        }
    }
}

extension ReplyTemplate {
    func reply(_ context: borrowing DeliveryContext) -> RouteReply {
        var headers: [RouteReply.Header] = []
        for header in self.headers where Self.mayFit(header.value.references, upTo: Self.longestValue, context) {
            let value = context.text(header.value)
            guard Self.isValue(value) else { continue }
            headers.append(RouteReply.Header(name: header.name, value: String(decoding: value, as: UTF8.self)))
        }
        guard let body = rendered(context) else {
            // The gateway's document has its own type.
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

    /// Whether a text with these values may have so many bytes: it has at least one for each six of an escape in JSON.
    /// What cannot fit is not rendered, because nothing reserves memory for it.
    private static func mayFit(
        _ references: [Reference], upTo length: Int, _ context: borrowing DeliveryContext
    ) -> Bool {
        var size = 0
        for reference in references { size += context.size(of: reference) }
        return size <= 6 * length
    }

    private func rendered(_ context: borrowing DeliveryContext) -> [UInt8]? {
        guard let body, Self.mayFit(body.references, upTo: Self.largestBody, context) else { return nil }
        let bytes: [UInt8]
        switch body {
        case .text(let template): bytes = context.text(template)
        case .json(let template): bytes = context.json(template)
        }
        return bytes.count <= Self.largestBody ? bytes : nil
    }

    private var contentType: String {
        if case .json = body { "application/json" } else { "text/plain; charset=utf-8" }
    }
}

extension MismatchPolicy {
    /// The outcome of a delivery with rendered jobs: the delivery, or a refusal if a payload did not match and the
    /// route says so.
    func outcome(of delivery: consuming Delivery, reply: RouteReply?) -> RouteOutcome {
        guard self == .reject, let letter = delivery.deadLetters.first(where: { $0.reason == .payloadMismatch }) else {
            return .store(delivery, reply: reply)
        }
        return .refused(.payloadMismatch, reason: letter.detail)
    }
}
