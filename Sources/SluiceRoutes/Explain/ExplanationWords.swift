internal import SluiceBase

/// Words that accounts have in common.
enum ExplanationWords {
    static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(plural ?? noun + "s")"
    }

    static func bytes(_ count: Int) -> String { self.count(count, "byte") }

    /// A time in the largest unit of which there are at least two, cut off.
    static func distance(seconds: UInt64) -> String {
        for (unit, length) in [("days", 86_400), ("hours", 3600), ("minutes", 60)] as [(String, UInt64)]
        where seconds >= 2 * length {
            return "\(seconds / length) \(unit)"
        }
        return "\(seconds)s"
    }

    /// Bytes that somebody else wrote, safe to print. What is cut off is not looked at.
    ///
    /// - Parameter limit: in characters.
    static func text(_ bytes: [UInt8], limit: Int = 1000) -> String {
        // No character has more than four bytes.
        let shown = bytes.prefix(limit * 4 + 4)
        return PrintableText.escape(String(decoding: shown, as: UTF8.self), limit: limit)
    }
}

extension Explanation {
    /// The answer to a request that is taken.
    struct Answer {
        let status: Int
        let headers: [RouteReply.Header]
        let body: [UInt8]
        /// Where `reply` stands, if it does.
        let place: String?
    }

    /// `nil` for a refusal.
    var answer: Answer? {
        let reply: RouteReply
        switch outcome {
        case .refused: return nil
        case .acknowledged(let given, _): reply = given
        case .store(_, let given): reply = given ?? .standard
        }
        if let body = reply.body {
            return Answer(status: reply.status, headers: reply.headers, body: body, place: replyPlace)
        }
        let stored = stored
        let body = DeliveryDocument.body(
            id: request.deliveryID,
            .stored(jobs: stored.jobs.count, deadLetters: stored.deadLetters.count, duplicates: stored.duplicates))
        let type = RouteReply.Header(name: "content-type", value: DeliveryDocument.contentType)
        return Answer(status: reply.status, headers: reply.headers + [type], body: body, place: replyPlace)
    }

    /// All that would be stored: of elements that have the same key, the first.
    var stored: RehearsalKeys.Stored {
        guard case .store(let delivery, _) = outcome else { return RehearsalKeys.Stored() }
        var keys = RehearsalKeys()
        return keys.store(delivery, of: RehearsalKeys.Sender(name: "", deliveryID: request.deliveryID))
    }

    /// What a request that is taken comes to: `2 jobs and 1 dead letter`.
    var summary: String {
        switch outcome {
        case .refused(let code, _): return code.title
        case .acknowledged(_, .ignoredByRule(let rule)): return "nothing is stored, because rule \(rule + 1) ignores it"
        case .acknowledged(_, .noRuleMatched):
            return "nothing is stored, because no rule matches and 'otherwise' is ignore"
        case .acknowledged(_, .noElements): return "nothing is stored, because 'each' finds no element"
        case .store:
            let stored = stored
            let letters = ExplanationWords.count(stored.deadLetters.count, "dead letter")
            let repeated =
                stored.duplicates == 0
                ? "" : ", \(ExplanationWords.count(stored.duplicates, "element")) with the key of an earlier one"
            if stored.jobs.isEmpty { return "\(letters), no job\(repeated)" }
            return ExplanationWords.count(stored.jobs.count, "job")
                + (stored.deadLetters.isEmpty ? "" : " and \(letters)") + repeated
        }
    }
}
