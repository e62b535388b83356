internal import SluiceBase

extension Explanation {
    /// The account for a person, one step a line with what belongs to it below, and a last line that says what comes of
    /// the request.
    package func lines(_ form: ExplanationTextForm) -> [String] {
        var lines = ExplanationLines(form)
        addRequest(&lines)
        addRoute(&lines)
        for check in checks {
            let words = "\(PrintableText.escape(check.found)); accepted: \(PrintableText.escape(check.asked))"
            lines.add(
                check.name, check.refusal == nil ? .yes : .no,
                check.refusal.map { "\($0.rawValue): \(words)" } ?? words, at: check.place)
        }
        verification?.add(&lines, request)
        if let rate {
            let words =
                "\(rate.limit.limit) per \(DurationText.format(rate.limit.per)), burst \(rate.limit.burst); not "
                + "counted here"
            lines.add("rate", .none, words, at: rate.place)
        }
        delivery?.add(&lines)
        addOutcome(&lines)
        return lines.lines
    }

    private func addRequest(_ lines: inout ExplanationLines) {
        let sender = request.sender.map { ", from \($0)" } ?? ""
        let time = TimestampText.format(milliseconds: request.receivedAtMilliseconds)
        let target = PrintableText.escape("\(request.method) \(request.target)")
        lines.add("request", .none, "\(target), \(ExplanationWords.bytes(request.bodyBytes))\(sender), at \(time)")
        if fate != nil { lines.detail("delivery \(PrintableText.escape(request.deliveryID))") }
        for note in notes { lines.detail(PrintableText.escape(note, limit: 400)) }
    }

    private func addRoute(_ lines: inout ExplanationLines) {
        if let route {
            lines.add(
                "route", .yes, "\(PrintableText.escape(route.name)), path \(PrintableText.escape(route.path))",
                at: route.place)
            for parameter in route.parameters {
                lines.detail("\(PrintableText.escape(parameter.name)) = \(PrintableText.quote(parameter.value))")
            }
        } else if let lostPath {
            lines.add("route", .no, lostPath.words)
        }
    }

    /// More dead letters of one delivery than a person reads.
    private static let mostLetters = 20

    private func addOutcome(_ lines: inout ExplanationLines) {
        switch outcome {
        case .refused(let code, let reason):
            lines.add("result", .no, "refused: \(code.httpStatus) \(code.rawValue): \(PrintableText.escape(reason))")
        case .acknowledged, .store:
            let deadLetters = stored.deadLetters
            for letter in deadLetters.prefix(Self.mostLetters) { lines.add("dead letter", .no, letter.words) }
            if deadLetters.count > Self.mostLetters { lines.detail("and \(deadLetters.count - Self.mostLetters) more") }
            addReply(&lines)
            // Nobody may read from the last line alone that a signature held which could not be verified here.
            let isUnknown = verification?.verdict == .unknown
            lines.add(
                "result", isUnknown ? .none : .yes,
                "accepted\(isUnknown ? ", if its signature is valid" : ""): \(summary)")
        }
        guard let fate else { return }
        lines.add("then", .none, "what happened to the delivery when it was received:")
        for line in fate.lines { lines.detail(PrintableText.escape(line)) }
        if fate.lines.isEmpty { lines.detail("the outbox no longer contains a job or dead letter of it") }
    }

    private func addReply(_ lines: inout ExplanationLines) {
        guard let answer else { return }
        let type =
            answer.headers.first { $0.name.lowercased() == "content-type" }.map { " \(PrintableText.escape($0.value))" }
            ?? ""
        let body = answer.body.isEmpty ? "" : ": \(ExplanationWords.text(answer.body))"
        lines.add("answer", .yes, "\(answer.status)\(type)\(body)", at: answer.place)
        for header in answer.headers where header.name.lowercased() != "content-type" {
            lines.detail("\(PrintableText.escape(header.name)): \(PrintableText.escape(header.value))")
        }
    }
}

extension Explanation.LostPath {
    /// Why, and what to do.
    fileprivate var words: String {
        if isUnclear {
            return "none: a path with //, . or .. as a segment, %2F, %00 or invalid UTF-8 matches no route"
        }
        if routes == 0 { return "none: there are no routes" }
        guard !suggestions.isEmpty else { return "none of the \(routes) routes has this path" }
        return
            "none has this path; the nearest: \(suggestions.map { PrintableText.escape($0) }.joined(separator: ", "))"
    }
}

extension Explanation.Verification {
    fileprivate func add(_ lines: inout ExplanationLines, _ request: Explanation.Request) {
        switch verdict {
        case .notVerified: return lines.add("signature", .yes, "not required: 'verify: none'", at: place)
        case .verifiedBefore:
            return lines.add(
                "signature", .yes, "skipped: it was verified when the request was received, and was not kept", at: place
            )
        case .verified, .refused, .unknown: break
        }
        guard let account else { return }
        let scheme = "\(account.algorithm), \(account.place)"
        switch account.outcome {
        case .refused(let code, let reason) where verdict == .refused:
            lines.add("signature", .no, "\(code.rawValue): \(reason)", at: place)
            lines.detail(scheme)
        case .refused:
            lines.add("signature", .none, "unknown: it matches none of the available secrets", at: place)
            lines.detail("continuing as if it were valid; \(scheme)")
        case .verified, .notVerified: lines.add("signature", .yes, scheme, at: place)
        }
        addSigning(&lines, request)
        addEntries(account, &lines)
        if let timestamp = account.timestamp { lines.detail(timestamp.words) }
        if let text = account.signedText {
            lines.detail(
                "signed text, \(ExplanationWords.bytes(text.count)): \(ExplanationWords.text(text, limit: 200))")
        }
    }

    private func addSigning(_ lines: inout ExplanationLines, _ request: Explanation.Request) {
        switch signing {
        case .asItCame: break
        case .signedHere:
            let names = request.addedHeaders.map { PrintableText.escape($0.name) }.joined(separator: ", ")
            lines.detail("the request had no signature and was signed here; added: \(names)")
        case .obstacle(let why): lines.detail("it could not be signed here: \(PrintableText.escape(why))")
        }
    }

    private func addEntries(_ account: VerificationAccount, _ lines: inout ExplanationLines) {
        if account.skippedEntries > 0 {
            lines.detail(
                "skipped \(ExplanationWords.count(account.skippedEntries, "entry", "entries")) without the prefix")
        }
        for (index, entry) in account.entries.enumerated() {
            let title = account.entries.count == 1 && account.skippedEntries == 0 ? "it" : "entry \(index + 1)"
            switch entry {
            case .empty: lines.detail("\(title) is empty", .no)
            case .unreadable: lines.detail("\(title) is not in its encoding", .no)
            case .compared(let matching):
                let secrets = matching.map { account.words(ofSecret: $0) }.joined(separator: " and ")
                lines.detail(
                    matching.isEmpty ? "\(title) matches no secret" : "\(title) matches \(secrets)",
                    matching.isEmpty ? .no : .yes)
            }
        }
        guard account.matchingSecret == nil else { return }
        for position in account.secrets.indices {
            lines.detail(account.words(ofSecret: position), at: position == 0 ? secretsPlace : nil)
        }
    }
}

extension VerificationAccount {
    fileprivate func words(ofSecret position: Int) -> String {
        "secret \(position + 1) (\(PrintableText.escape(secrets[position].description)))"
    }
}

extension DeadLetter {
    fileprivate var words: String {
        let place = [share.element.map { "element \($0 + 1)" }, share.rule.map { "rule \($0 + 1)" }].compactMap { $0 }
        return (place.isEmpty ? "" : place.joined(separator: ", ") + ": ")
            + "\(reason.rawValue): \(PrintableText.escape(detail))"
    }
}

extension VerificationAccount.Timestamp {
    fileprivate var words: String {
        let name = "timestamp \(PrintableText.quote(text))"
        guard let ageMilliseconds else { return "\(name), which is not in the format of the route" }
        let distance = ExplanationWords.distance(seconds: ageMilliseconds.magnitude / 1000)
        let age = ageMilliseconds < 0 ? "\(distance) ahead of the clock" : "\(distance) old"
        return
            "\(name), \(age), \(tolerance == .zero ? "no limit" : "tolerance \(DurationText.format(tolerance))")"
    }
}
