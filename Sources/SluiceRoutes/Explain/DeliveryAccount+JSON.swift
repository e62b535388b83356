internal import SluiceBase

extension DeliveryAccount {
    var tree: JSONTree {
        .object([
            "body": body.tree, "event": event?.tree, "each": each?.tree, "key": key?.tree,
            "elements": .array(elements.map(\.tree)), "element_count": .number(elementCount),
        ])
    }
}

extension DeliveryAccount.Body {
    fileprivate var tree: JSONTree {
        .object([
            "declared": .text(declared), "content_type": contentType.map { .text($0) },
            "inflated_bytes": inflatedBytes.map { .number($0) },
            "read_as": form.map { .text($0) }, "problem": problem.map { .text($0) }, "place": .text(place),
        ])
    }
}

extension DeliveryAccount.Rendered {
    fileprivate var tree: JSONTree {
        .object(["written": .text(written), "value": value.map { .text($0) } ?? .null, "place": .text(place)])
    }
}

extension DeliveryAccount.Each {
    fileprivate var tree: JSONTree {
        .object(["written": .text(written), "count": .number(count), "place": .text(place)])
    }
}

extension DeliveryAccount.Key {
    fileprivate var tree: JSONTree {
        .object([
            "parts": .array(parts.map(\.tree)), "text": text.map { .text($0) } ?? .null, "is_whole": .boolean(isWhole),
            "if_missing": .text(ifMissing.rawValue), "place": .text(place),
        ])
    }
}

extension DeliveryAccount.Element {
    fileprivate var tree: JSONTree {
        let lost = otherwise.map { JSONTree.object(["does": .text($0.policy.rawValue), "place": .text($0.place)]) }
        return .object([
            "element": number.map { .number($0) }, "rules": .array(rules.map(\.tree)), "otherwise": lost,
            "key": key?.tree,
            "made": .array(made.map(\.tree)),
        ])
    }
}

extension DeliveryAccount.Rule {
    fileprivate var tree: JSONTree {
        .object([
            "rule": .number(number), "place": .text(place), "makes": .text(makes), "holds": .boolean(holds),
            "is_reached": .boolean(isReached),
            "conditions": .array(conditions.map(\.tree)),
        ])
    }
}

extension ConditionExplanation {
    /// Recurses as deep as the route file is nested.
    fileprivate var tree: JSONTree {
        switch content {
        case .value(let reference, let expected, let found):
            .object([
                "place": .text(place), "holds": .boolean(holds), "reference": .text(reference),
                "expected": .text(expected),
                "found": .text(found),
            ])
        case .any(let alternatives):
            .object([
                "place": .text(place), "holds": .boolean(holds),
                "any": .array(alternatives.map { .array($0.map(\.tree)) }),
            ])
        case .not(let conditions):
            .object(["place": .text(place), "holds": .boolean(holds), "not": .array(conditions.map(\.tree))])
        }
    }
}

extension DeliveryAccount.Made {
    fileprivate var tree: JSONTree {
        switch result {
        case .job(let job):
            .object(["rule": .number(rule), "kind_place": kindPlace.map { .text($0) }, "job": job.tree])
        case .problem(let reason, let detail):
            .object([
                "rule": .number(rule), "kind_place": kindPlace.map { .text($0) }, "problem": .text(reason.rawValue),
                "detail": .text(detail),
                "on_mismatch": reason == .payloadMismatch ? .text(onMismatch.rawValue) : nil,
            ])
        }
    }
}

extension DeadLetter {
    var tree: JSONTree {
        .object([
            "reason": .text(reason.rawValue), "detail": .text(detail), "element": share.element.map { .number($0 + 1) },
            "rule": share.rule.map { .number($0 + 1) },
        ])
    }
}
