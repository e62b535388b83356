internal import SluiceBase
internal import SluiceGateway

/// What `sluice dev` prints.
enum DevelopmentText {
    /// How to go on, once everything listens.
    static func greeting(_ gateway: Gateway, queue: String?, invented: [String]) -> [String] {
        let base =
            gateway.addresses.https.map { "https://\($0.hostAndPort)" } ?? gateway.addresses.http.map { "http://\($0.hostAndPort)" } ?? ""
        var lines = ["", "sluice \(SluiceVersion.current) for development, \(gateway.routeCount) routes"]
        lines += ["  webhooks   \(base)"]
        if let admin = gateway.addresses.admin { lines.append("  metrics    http://\(admin.hostAndPort)/metrics") }
        lines.append(
            "  jobs go to "
                + (queue.map { "\($0), a development stand-in for Zizq: nothing in it outlives this process" }
                    ?? gateway.configuration.settings.values.zizq.url.description))
        if !invented.isEmpty {
            lines.append(
                "  secrets    \(invented.joined(separator: ", ")) not set: \"\(DevelopmentSecret.text)\" is used, for trying out only")
        }
        lines += [
            "", "Send it a webhook, from this folder in a second terminal:", "",
            "  \(ProgramName.here) send github push --to \(base)/github", "",
            "Ctrl-C stops it. What comes and goes is listed here:", "",
        ]
        return lines
    }

    static func lines(_ entry: DeliveryJournal.Entry) -> [String] {
        switch entry {
        case .stored(let id, let route, let jobs, let deadLetters, let duplicates):
            let reasons = DeadLetterReason.allCases.filter(deadLetters.contains).map(\.rawValue).joined(separator: ", ")
            let what = [jobs > 0 || deadLetters.isEmpty ? count(jobs, "job") : "", reasons.isEmpty ? "" : "dead letter: \(reasons)"]
                .filter { !$0.isEmpty }.joined(separator: ", ")
            return ["stored     \(id)  \(text(route))  \(what)" + (duplicates > 0 ? ", \(duplicates) seen before" : "")]
        case .duplicate(let first, let route): return ["duplicate  \(first)  \(text(route))"]
        case .ignored(let id, let route): return ["ignored    \(id)  \(text(route))"]
        case .refused(let code, let route, let reason):
            return ["refused    \(code.httpStatus) \(code.rawValue)  \(text(route ?? "no route"))  \(text(reason))"]
        case .reloaded(let routes, let version): return ["reloaded   table \(version) is in force with \(count(routes, "route"))"]
        case .queued(let jobs):
            return jobs.map { "queued     job \($0.job)  \(text($0.type)) in \(text($0.queue)) as \(text($0.zizqID))" }
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    private static func text(_ text: String) -> String { PrintableText.escape(text, limit: 120) }
}
