internal import SluiceBase
internal import SluiceJSON

extension DeliveryContext {
    /// What each condition asked and found, also behind one that decided already. Whether it held is what `fulfils`
    /// says.
    func explanation(of conditions: [Condition]) -> [ConditionExplanation] {
        var explanations: [ConditionExplanation] = []
        for condition in conditions { explanations.append(explanation(of: condition)) }
        return explanations
    }

    private func explanation(of condition: Condition) -> ConditionExplanation {
        let place: Place
        let content: ConditionExplanation.Content
        switch condition {
        case .value(let value):
            place = value.place
            content = .value(reference: value.written, expected: value.test.words, found: found(value))
        case .any(let alternatives, let position):
            var explanations: [[ConditionExplanation]] = []
            for alternative in alternatives { explanations.append(explanation(of: alternative)) }
            (place, content) = (position, .any(explanations))
        case .not(let conditions, let position): (place, content) = (position, .not(explanation(of: conditions)))
        }
        return ConditionExplanation(place: place.description, content: content, holds: fulfils(condition))
    }

    private func found(_ condition: ValueCondition) -> String {
        let reference = condition.reference
        guard !isCredential(reference) else { return "a credential, which is not shown" }
        guard isPresent(reference) else {
            if let standIn = reference.fallback?.standIn {
                return PrintableText.quote(String(decoding: standIn, as: UTF8.self))
            }
            return kind(of: reference) == .null ? "null" : "absent"
        }
        let text = String(decoding: text(reference), as: UTF8.self)
        guard reference.source.isOfBody, condition.comparison != .asText, kind(of: reference) != .string else {
            return PrintableText.quote(text)
        }
        return PrintableText.escape(text, limit: 60)
    }

    private func kind(of reference: Reference) -> JSONKind? {
        reference.source.isOfBody ? kind(of: reference.pathID) : nil
    }

    /// Whether it names, perhaps through the event, a header that is never shown.
    func isCredential(_ reference: Reference) -> Bool {
        let behind = if case .event = reference.source { route.event?.references ?? [] } else { [reference] }
        return behind.contains {
            if case .header(let name) = $0.source { route.credentialHeaders.contains(name) } else { false }
        }
    }
}
