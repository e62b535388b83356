internal import SluiceBase
internal import SluiceJSON

extension DeliveryContext {
    /// Whether all conditions of a rule hold.
    func fulfils(_ conditions: [Condition]) -> Bool {
        for condition in conditions where !fulfils(condition) { return false }
        return true
    }

    private func fulfils(_ condition: Condition) -> Bool {
        switch condition.reference.source {
        case .body, .item: return bodyFulfils(condition)
        case .header(let name):
            // The usual case: one line, compared where it lies.
            guard let index = request.headers.firstIndex(of: name) else { return absenceFulfils(condition) }
            guard request.headers.firstIndex(of: name, from: index + 1) == nil else { break }
            return equalsAny(request.headers.value(at: index), condition)
        case .headers, .query, .parameter, .method, .url, .path, .event, .deliveryID, .receivedAt, .receivedMilliseconds, .remoteAddress,
            .route, .bodyDigest, .itemDigest, .index, .signedTimestamp, .signedID:
            break
        }
        guard isPresent(condition.reference) else { return absenceFulfils(condition) }
        return equalsAny(text(condition.reference).span, condition)
    }

    private func equalsAny(_ text: Span<UInt8>, _ condition: Condition) -> Bool {
        for expected in condition.expected where text.equals(expected.source.span) { return true }
        return false
    }

    /// What is absent is null, as it is in payloads; a default, such as an event's, stands in for it.
    private func absenceFulfils(_ condition: Condition) -> Bool {
        if let fallback = condition.reference.fallback { return equalsAny(fallback.text.span, condition) }
        return condition.expected.contains { if case .null = $0.json { true } else { false } }
    }

    private func bodyFulfils(_ condition: Condition) -> Bool {
        let path = condition.reference.pathID
        guard let range = range(of: path), let kind = kind(of: path), kind != .null else {
            return absenceFulfils(condition)
        }
        let value = document.extracting(range)
        for expected in condition.expected where equals(value, kind, expected, asText: condition.isFormField && isForm) { return true }
        return false
    }

    /// By type: a number is never equal to a text.
    private func equals(_ value: Span<UInt8>, _ kind: JSONKind, _ expected: ExpectedValue, asText: Bool) -> Bool {
        switch (kind, expected.json) {
        case (.string, .text): equalsString(value, expected.source)
        case (.string, .null), (.string, .boolean), (.string, .number): asText && equalsString(value, expected.source)
        case (.number, .number(let number)): value.equals(expected.source.span) || JSONNumber(value.text) == number
        case (.true, .boolean(let boolean)): boolean
        case (.false, .boolean(let boolean)): !boolean
        case (.object, _), (.array, _), (.null, _), (.number, _), (.true, _), (.false, _): false
        }
    }

    /// Compares a JSON string literal with a text.
    private func equalsString(_ literal: Span<UInt8>, _ text: [UInt8]) -> Bool {
        let content = literal.extracting(1..<(literal.count - 1))
        // An escape is never shorter than what it stands for.
        if content.count < text.count { return false }
        if content.firstIndex(of: UInt8(ascii: "\\")) == nil { return content.equals(text.span) }
        return JSONText.decode(literal).map { $0.utf8.elementsEqual(text) } ?? false
    }
}
