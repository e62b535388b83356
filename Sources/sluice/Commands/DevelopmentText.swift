internal import SluiceBase
internal import SluiceGateway
internal import SluiceRoutes

/// The output of `sluice dev`.
enum DevelopmentText {
    /// The next steps, printed once everything listens.
    static func greeting(_ gateway: Gateway, queue: String?, invented: [(name: String, value: String)]) -> [String] {
        let bases = [
            gateway.addresses.https.map { "https://\($0.hostAndPort)" },
            gateway.addresses.http.map { "http://\($0.hostAndPort)" },
        ]
        .compactMap(\.self)
        let routes = TraceWords.count(gateway.routePaths.count, "route")
        var lines = ["", "sluice \(SluiceVersion.current) for development, \(routes)"]
        lines.append("  webhooks   \(bases.joined(separator: ", "))")
        if let admin = gateway.addresses.admin { lines.append("  metrics    http://\(admin.hostAndPort)/metrics") }
        lines.append(
            "  jobs go to "
                + (queue.map { "\($0), a development stand-in for Zizq that keeps jobs in memory only" }
                    ?? gateway.configuration.settings.values.zizq.url.description))
        lines += secrets(invented)
        lines +=
            ["", "To send a webhook, run this in a second terminal, in this folder:", ""]
            + sending(gateway.routePaths, to: bases.first ?? "")
        return lines + ["", "Ctrl-C stops the gateway. Deliveries and jobs:", ""]
    }

    /// The command for the GitHub sample if a route accepts it; otherwise the command that explains a request.
    private static func sending(_ paths: [String], to base: String) -> [String] {
        if paths.contains("/github") { return ["  \(ProgramName.here) send github push --to \(base)/github"] }
        guard let path = paths.first else { return ["  no routes yet"] }
        return [
            "  curl --insecure --data '{}' \(base)\(path)    # signed like its sender",
            "  \(ProgramName.here) explain --path \(path) --body '{}'    # shows how it would be processed",
        ]
    }

    private static func secrets(_ invented: [(name: String, value: String)]) -> [String] {
        // The plain text first, then the other encodings of some schemes.
        let values = Set(invented.map(\.value)).sorted()
        let ordered = values.filter { $0 == DevelopmentSecret.text } + values.filter { $0 != DevelopmentSecret.text }
        var lines: [String] = []
        for value in ordered {
            var names = wrapped(invented.filter { $0.value == value }.map(\.name))
            names[names.count - 1] += " not set: \"\(value)\" is used, for development only"
            lines += names.map { (lines.isEmpty && $0 == names.first ? "  secrets    " : "             ") + $0 }
        }
        return lines
    }

    /// Names separated by commas, in lines of about 80 characters.
    private static func wrapped(_ names: [String]) -> [String] {
        var lines: [String] = []
        for name in names {
            if let last = lines.last, last.count + name.count < 70 {
                lines[lines.count - 1] = "\(last), \(name)"
            } else {
                if let last = lines.last { lines[lines.count - 1] = last + "," }
                lines.append(name)
            }
        }
        return lines
    }

    static func lines(_ entry: DeliveryJournal.Entry) -> [String] {
        switch entry {
        case .stored(let id, let route, let jobs, let deadLetters, let duplicates):
            let reasons = DeadLetterReason.allCases.filter(deadLetters.contains).map(\.rawValue).joined(separator: ", ")
            let what = [
                jobs > 0 || deadLetters.isEmpty ? TraceWords.count(jobs, "job") : "",
                reasons.isEmpty ? "" : "dead letter: \(reasons)",
            ]
            .filter { !$0.isEmpty }.joined(separator: ", ")
            return ["stored     \(id)  \(text(route))  \(what)" + (duplicates > 0 ? ", \(duplicates) duplicates" : "")]
        case .duplicate(let first, let route): return ["duplicate  \(first)  \(text(route))"]
        case .ignored(let id, let route): return ["ignored    \(id)  \(text(route))"]
        case .handshake(let route, let status, let refusal):
            return ["handshake  \(status)  \(text(route))" + (refusal.map { ": \(text($0))" } ?? "")]
        case .called(let url, let isMade, let route):
            let what = isMade ? "called" : "sluice dev does not call"
            return ["handshake  \(text(route)): \(what) \(PrintableText.escape(url, limit: 300))"]
        case .refused(let code, let route, let reason):
            return ["refused    \(code.httpStatus) \(code.rawValue)  \(text(route ?? "no route"))  \(text(reason))"]
        case .reloaded(let routes, let version):
            return ["reloaded   route table \(version) (\(TraceWords.count(routes, "route")))"]
        case .queued(let jobs):
            return jobs.map { "queued     job \($0.job)  \(text($0.type)) in \(text($0.queue)) as \(text($0.zizqID))" }
        }
    }

    private static func text(_ text: String) -> String { PrintableText.escape(text, limit: 120) }
}
