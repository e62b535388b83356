internal import SluiceBase
internal import SluiceGateway
internal import SluiceOutbox

/// The output about an outbox, for people.
enum ConsoleText {
    static func lines(_ status: ControlDocuments.Status) -> [String] {
        let seconds = status.oldestPendingAge / 1000
        let age = seconds == 0 ? "less than 1s" : DurationText.format(.seconds(seconds))
        return [
            "gateway          \(status.isGatewayRunning ? "running" : "not running")",
            "condition        \(status.condition)",
            "pending jobs     \(status.pendingJobs)" + (status.pendingJobs > 0 ? ", the oldest \(age) old" : ""),
        ] + (status.relay.map { ["relay            \(whole($0))"] } ?? []) + [
            "parked jobs      \(status.parkedJobs)",
            "dead letters     \(status.deadLetters)"
                + (status.deadLetters > 0 ? ", \(size(status.deadBytes)) of \(size(status.deadLimit))" : ""),
            "undelivered      \(size(status.undeliveredBytes)) of \(size(status.undeliveredLimit))",
            "delivered, kept  \(size(status.deliveredBytes))",
            "remembered keys  \(status.rememberedDeliveries)",
            "files            \(size(status.fileBytes)), write-ahead log \(size(status.logBytes))",
        ]
            + ((status.quarantinedRequests ?? 0) > 0
                ? ["quarantine       \(status.quarantinedRequests ?? 0), \(size(status.quarantinedBytes ?? 0))"] : [])
            + ((status.damagedFiles ?? 0) > 0
                ? ["damaged files    \(status.damagedFiles ?? 0), renamed, next to it"] : [])
            + (status.lostLists ?? []).map { "lost webhooks    listed in \(whole($0))" }
    }

    static func lines(_ page: ControlDocuments.Page<JobListing>, _ state: JobState) -> [String] {
        guard !page.rows.isEmpty else { return ["no \(state.rawValue) jobs"] }
        let header =
            [
                "JOB", "RECEIVED", "ROUTE", "TYPE", "QUEUE", "BYTES", "DELIVERY",
                state == .delivered ? "ZIZQ ID" : "KEY",
            ] + (state == .parked ? ["REASON"] : [])
        let rows = page.rows.map { job in
            [
                String(job.id), time(job.receivedAtMilliseconds), known(job.route), text(job.type), text(job.queue),
                String(job.payloadBytes),
                known(job.deliveryID),
                text((state == .delivered ? job.zizqID : job.uniqueKey) ?? "")
                    + (job.isDropped == true ? ", an older job: dropped" : ""),
            ] + (state == .parked ? [text(job.detail ?? "")] : [])
        }
        return Table.lines(header, rows) + more(page.next)
    }

    static func lines(_ content: ControlDocuments.JobContent) -> [String] {
        let job = content.job
        var lines = [
            "job        \(job.id), \(job.state.rawValue)", "delivery   \(known(job.deliveryID))",
            "route      \(known(job.route))", "received   \(time(job.receivedAtMilliseconds))",
            "type       \(text(job.type))", "queue      \(text(job.queue))",
        ]
        if let key = job.uniqueKey {
            lines.append("key        \(text(key))" + (content.uniqueWhile.map { ", while \($0)" } ?? ""))
        }
        if !content.options.isEmpty { lines.append("options    \(text(content.options))") }
        if let id = job.zizqID { lines.append("zizq id    \(text(id)), \(time(job.deliveredAtMilliseconds ?? 0))") }
        if job.isDropped == true {
            lines.append("dropped    by Zizq: the id above is the older job that holds this unique key")
        }
        if let detail = job.detail { lines.append("parked     \(text(detail))") }
        if !content.isIntact { lines.append("checksum   WRONG: the bytes have changed since they were stored") }
        return lines + ["payload", whole(content.payload)]
    }

    static func lines(_ page: ControlDocuments.Page<ControlDocuments.DeadLetter>) -> [String] {
        guard !page.rows.isEmpty else { return ["no dead letters"] }
        let rows = page.rows.map { letter in
            [
                String(letter.id), time(letter.diedAt), known(letter.route), letter.reason,
                letter.holdsJob ? "job" : letter.contentBytes > 0 ? "request" : "nothing",
                known(letter.delivery), (subject(letter).map { "\($0): " } ?? "") + text(letter.detail),
            ]
        }
        return Table.lines(["LETTER", "DIED", "ROUTE", "REASON", "HOLDS", "DELIVERY", "DETAIL"], rows) + more(page.next)
    }

    static func lines(_ content: ControlDocuments.DeadLetterContent) -> [String] {
        let letter = content.letter
        var lines = [
            "letter     \(letter.id)", "reason     \(letter.reason): \(text(letter.detail))",
            "delivery   \(known(letter.delivery))",
            "route      \(known(letter.route))", "received   \(time(letter.receivedAt))",
            "died       \(time(letter.diedAt))",
        ]
        if let subject = subject(letter) { lines.append("about      \(subject)") }
        if let type = letter.type { lines.append("type       \(text(type))") }
        if let queue = letter.queue { lines.append("queue      \(text(queue))") }
        lines += ruleLines(letter)
        if content.payload == nil && content.request == nil {
            lines.append("request    LOST with a damaged page, so it is not sent again")
        } else if !content.isIntact {
            lines.append(
                "checksum   WRONG: the contents have changed since they were stored, so they are not sent again")
        }
        if let payload = content.payload { lines += ["payload", whole(payload)] }
        if let request = content.request {
            lines.append("request")
            lines += messageLines(request).map(whole)
        }
        return lines
    }

    /// The names of the rule that failed, at that time.
    private static func ruleLines(_ letter: ControlDocuments.DeadLetter) -> [String] {
        if letter.lacksRule { return ["rule       not recorded by the version that stored it"] }
        guard let digest = letter.ruleDigest else { return [] }
        let names = [("kind", letter.ruleKind), ("type", letter.ruleType), ("queue", letter.ruleQueue)].compactMap {
            name, value in
            value.map { "\(name) \(text($0)), " }
        }
        return ["rule       \(names.joined())digest \(digest.prefix(12))"]
    }

    /// Empty without requests.
    static func quarantineLines(_ page: ControlDocuments.Page<ControlDocuments.QuarantinedRequest>) -> [String] {
        if page.rows.isEmpty { return [] }
        let rows = page.rows.map { request in
            [
                String(request.id), time(request.receivedAt), text(request.route), text(request.sender),
                String(request.bytes), text(request.reason),
            ]
        }
        return Table.lines(["REQUEST", "RECEIVED", "ROUTE", "SENDER", "BYTES", "REASON"], rows) + more(page.next)
    }

    /// The state of a delivery: one line for each of its jobs and dead letters.
    static func deliveryLines(_ delivery: ControlDocuments.Delivery) -> [String] {
        let jobs = delivery.jobs.map { job in
            let end = job.zizqID.map { " as \($0) at \(time(job.deliveredAtMilliseconds ?? 0))" } ?? ""
            let state = job.isDropped == true ? "dropped: an older job holds its unique key" : job.state.rawValue
            return "job \(job.id), \(state)\(end): type \(job.type), queue \(job.queue)"
        }
        let letters = delivery.deadLetters.map { letter in
            "dead letter \(letter.id), \(letter.reason)\(subject(letter).map { ", \($0)" } ?? ""): \(letter.detail)"
        }
        return jobs + letters
    }

    /// The part of its delivery that a dead letter is about, such as `element 3, rule 1`; `nil` for the whole delivery.
    private static func subject(_ letter: ControlDocuments.DeadLetter) -> String? {
        let words = [letter.element.map { "element \($0)" }, letter.rule.map { "rule \($0)" }].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    /// The lines of a request. CR LF is one character in Swift, so they are split by scalars.
    private static func messageLines(_ request: String) -> [String] {
        request.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line.last == "\r" ? line.dropLast() : line)
        }
    }

    private static func more(_ next: Int64?) -> [String] { next.map { ["more with --after \($0)"] } ?? [] }

    private static func text(_ text: String) -> String { PrintableText.escape(text, limit: 120) }

    /// As `text`; a job whose delivery was lost has no route and no id of it.
    private static func known(_ text: String) -> String { text.isEmpty ? "(lost)" : Self.text(text) }

    private static func whole(_ text: some StringProtocol) -> String { PrintableText.escape(text, limit: .max) }

    private static func time(_ milliseconds: Int64) -> String { TimestampText.format(milliseconds: milliseconds) }

    /// A size with one decimal place, in a suitable unit.
    static func size(_ bytes: Int) -> String {
        let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)]
        for (name, shift) in units where bytes >= (1 << shift) {
            let rest = bytes & ((1 << shift) - 1)
            return "\(bytes >> shift).\((rest * 10) >> shift) \(name)"
        }
        return "\(bytes) B"
    }
}
