internal import SluiceBase

extension Explanation {
    /// The account as one JSON document, pretty, its keys sorted; docs/reference/cli.md tells them.
    package var json: String { tree.prettyText() }

    private var tree: JSONTree {
        .object([
            "request": requestTree, "notes": notes.isEmpty ? nil : .texts(notes), "route": route?.tree,
            "no_route": lostPath?.tree,
            "checks": checks.isEmpty ? nil : .array(checks.map(\.tree)), "verification": verification?.tree(request),
            "rate": rate.map { rate in
                .object([
                    "limit": .number(rate.limit.limit), "per": .text(DurationText.format(rate.limit.per)),
                    "burst": .number(rate.limit.burst),
                    "place": .text(rate.place),
                ])
            },
            "delivery": delivery?.tree, "result": result,
            "fate": fate.map { .object(["route": .text($0.route), "lines": .texts($0.lines)]) },
        ])
    }

    private var requestTree: JSONTree {
        .object([
            "method": .text(request.method), "target": .text(request.target), "body_bytes": .number(request.bodyBytes),
            "remote_address": request.sender.map { .text($0.description) },
            "received_at": .text(TimestampText.format(milliseconds: request.receivedAtMilliseconds)),
            "delivery": .text(request.deliveryID),
        ])
    }

    private var result: JSONTree {
        guard case .refused(let code, let reason) = outcome else {
            let stored = stored
            return .object([
                "taken": .boolean(true), "status": .number(status), "summary": .text(summary),
                "jobs": .number(stored.jobs.count),
                "dead_letters": .array(stored.deadLetters.map(\.tree)), "duplicates": .number(stored.duplicates),
                "answer": answer?.tree,
            ])
        }
        return .object([
            "taken": .boolean(false), "status": .number(status), "code": .text(code.rawValue), "reason": .text(reason),
        ])
    }
}

extension JSONTree {
    fileprivate static func texts(_ texts: [String]) -> JSONTree { .array(texts.map { .text($0) }) }

    /// Bytes that somebody else wrote, as text: cut where they are long.
    fileprivate static func bytes(_ bytes: [UInt8], limit: Int = 16 << 10) -> JSONTree {
        .object([
            "bytes": .number(bytes.count), "text": .text(String(decoding: bytes.prefix(limit), as: UTF8.self)),
            "is_cut": .boolean(bytes.count > limit),
        ])
    }
}

extension Explanation.FoundRoute {
    fileprivate var tree: JSONTree {
        .object([
            "name": .text(name), "path": .text(path), "place": .text(place),
            "parameters": .object(parameters.map { JSONTree.Member(key: $0.name, value: .text($0.value)) }),
        ])
    }
}

extension Explanation.LostPath {
    fileprivate var tree: JSONTree {
        .object(["unclear": .boolean(isUnclear), "suggestions": .texts(suggestions), "routes": .number(routes)])
    }
}

extension Explanation.Check {
    fileprivate var tree: JSONTree {
        .object([
            "name": .text(name), "place": .text(place), "asked": .text(asked), "found": .text(found),
            "holds": .boolean(refusal == nil),
            "code": refusal.map { .text($0.rawValue) },
        ])
    }
}

extension Explanation.Answer {
    fileprivate var tree: JSONTree {
        .object([
            "status": .number(status), "place": place.map { .text($0) },
            "headers": .array(headers.map { .object(["name": .text($0.name), "value": .text($0.value)]) }),
            "body": .bytes(body),
        ])
    }
}

extension Explanation.Verification {
    fileprivate func tree(_ request: Explanation.Request) -> JSONTree {
        let obstacle: JSONTree? = if case .obstacle(let why) = signing { .text(why) } else { nil }
        let refusal: (code: ErrorCode, reason: String)? =
            if case .refused(let code, let reason)? = account?.outcome { (code, reason) } else { nil }
        return .object([
            "place": .text(place), "verdict": .text(verdict.rawValue), "code": refusal.map { .text($0.code.rawValue) },
            "reason": refusal.map { .text($0.reason) },
            "signed_here": signing == .signedHere ? .texts(request.addedHeaders.map(\.name)) : nil,
            "cannot_sign": obstacle,
            "algorithm": words(account?.algorithm), "looked_in": words(account?.place),
            "entries": account.flatMap { $0.entries.isEmpty ? nil : .array($0.entries.map(\.tree)) },
            "skipped_entries": account.map { .number($0.skippedEntries) }, "timestamp": account?.timestamp?.tree,
            "secrets": account.flatMap { $0.secrets.isEmpty ? nil : .texts($0.secrets.map(\.description)) },
            "secrets_place": account?.secrets.isEmpty == false ? .text(secretsPlace) : nil,
            "matching_secret": account?.matchingSecret.map { .number($0 + 1) },
            "signed_text": account?.signedText.map { .bytes($0) },
        ])
    }

    private func words(_ text: String?) -> JSONTree? { text.flatMap { $0.isEmpty ? nil : .text($0) } }
}

extension VerificationAccount.Entry {
    fileprivate var tree: JSONTree {
        switch self {
        case .empty: .object(["found": "empty"])
        case .unreadable: .object(["found": "unreadable"])
        case .compared(let matching):
            .object(["found": "signature", "matching_secrets": .array(matching.map { .number($0 + 1) })])
        }
    }
}

extension VerificationAccount.Timestamp {
    fileprivate var tree: JSONTree {
        .object([
            "text": .text(text), "age_ms": ageMilliseconds.map { .number($0) },
            "tolerance": .text(DurationText.format(tolerance)),
        ])
    }
}

extension JSONTree: ExpressibleByStringLiteral {
    init(stringLiteral value: String) { self = .text(value) }
}
