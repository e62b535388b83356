internal import SluiceBase
internal import SluiceJSON

extension DeliveryContext {
    /// Whether all of these conditions are true. Evaluation stops at the first one that is not.
    func fulfils(_ conditions: [Condition]) -> Bool {
        for condition in conditions where !fulfils(condition) { return false }
        return true
    }

    /// Recurses as deep as the route file is nested.
    func fulfils(_ condition: Condition) -> Bool {
        switch condition {
        case .value(let condition): return fulfils(condition)
        case .any(let alternatives, _):
            for alternative in alternatives where fulfils(alternative) { return true }
            return false
        case .not(let conditions, _): return !fulfils(conditions)
        }
    }

    /// Whether these conditions are true for any body: `nil` if that depends on it.
    func fulfilsByHead(_ conditions: [Condition]) -> Bool? {
        var isKnown = true
        for condition in conditions {
            switch fulfilsByHead(condition) {
            case false?: return false
            case true?: continue
            case nil: isKnown = false
            }
        }
        return isKnown ? true : nil
    }

    /// Recurses as deep as the route file is nested.
    private func fulfilsByHead(_ condition: Condition) -> Bool? {
        switch condition {
        case .value(let value):
            let readsBody = value.reference.behind(route.event).contains(where: \.source.readsBody)
            return readsBody ? nil : fulfils(value)
        case .not(let conditions, _): return fulfilsByHead(conditions).map { !$0 }
        case .any(let alternatives, _):
            let found = alternatives.map { fulfilsByHead($0) }
            return found.contains(true) ? true : found.allSatisfy { $0 == false } ? false : nil
        }
    }

    private func fulfils(_ condition: ValueCondition) -> Bool {
        switch condition.reference.source {
        case .body, .item: return bodyFulfils(condition)
        case .header(let name):
            // The usual case: one line, compared in place.
            guard let index = request.headers.firstIndex(of: name) else { return absenceFulfils(condition) }
            guard request.headers.firstIndex(of: name, from: index + 1) == nil else { break }
            return condition.test.holds(forText: request.headers.value(at: index), isTyped: false)
        case .request(.method): return condition.test.holds(forText: request.method, isTyped: false)
        case .headers, .query, .parameter, .request, .event, .bodyDigest, .itemDigest, .index, .signedTimestamp,
            .signedID, .verifyOnly, .account, .handshakeHMAC:
            break
        }
        guard isPresent(condition.reference) else { return absenceFulfils(condition) }
        return condition.test.holds(forText: text(condition.reference).span, isTyped: false)
    }

    private func bodyFulfils(_ condition: ValueCondition) -> Bool {
        let path = condition.reference.pathID
        guard let range = range(of: path), let kind = kind(of: path), kind != .null else {
            return absenceFulfils(condition)
        }
        if condition.comparison == .asText, kind != .string {
            return condition.test.holds(forText: text(condition.reference).span, isTyped: false)
        }
        return condition.test.holds(forJSON: document.extracting(range), kind, isTyped: isTyped(condition.comparison))
    }

    private func isTyped(_ comparison: ValueComparison) -> Bool {
        switch comparison {
        case .byType: true
        case .asFormField, .asText: false
        case .asFormFieldInForms: !isForm
        }
    }

    /// A default, such as an event's, replaces an absent value.
    private func absenceFulfils(_ condition: ValueCondition) -> Bool {
        guard let standIn = condition.reference.fallback?.standIn else { return condition.test.holdsForAbsent }
        return condition.test.holds(forText: standIn.span, isTyped: false)
    }
}

extension ReferenceFallback {
    /// The value of an absent reference for conditions; `nil` for a default that is null.
    var standIn: [UInt8]? { json.elementsEqual("null".utf8) ? nil : text }
}
