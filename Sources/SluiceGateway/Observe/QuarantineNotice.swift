internal import SluiceBase
internal import SluiceOutbox
internal import SluiceRoutes

/// Texts about the quarantined requests of a route.
struct QuarantineNotice {
    private let route: String
    private let requests: Int

    init(_ route: String, _ figures: QuarantineFigures) {
        self.route = route
        requests = figures.sum(ofRoute: route).requests
    }

    private var start: String {
        "route \(PrintableText.escape(route)): \(TraceWords.count(requests, "request")) in the quarantine"
    }

    /// The command for the requests of a route.
    static func verify(_ route: String) -> String {
        "sluice quarantine verify --route \(ShellWord.of(route))"
    }

    /// Requests of a route that is loaded.
    var waiting: String {
        "\(start); after the right secret was added, run: \(Self.verify(route))"
    }

    /// Requests of a route that is not loaded.
    var withoutRoute: String {
        "\(start), and no route has this name; to remove them, run: sluice quarantine drop --route "
            + ShellWord.of(route)
    }

    /// After other secrets were loaded; nil if there are no requests.
    static func afterNewSecret(of route: String, _ figures: QuarantineFigures) -> String? {
        let notice = QuarantineNotice(route, figures)
        guard notice.requests > 0 else { return nil }
        return "\(notice.start), and its secrets have changed; to verify them, run: \(verify(route))"
    }
}

/// Quotes a text as one word of a shell, for commands in messages.
enum ShellWord {
    static func of(_ text: String) -> String {
        let isWord = text.utf8.allSatisfy { $0 > 0x2C && $0 < 0x3A || ($0 | 0x20) &- 0x61 < 26 || $0 == 0x5F }
        return isWord ? text : PrintableText.quote(text)
    }
}
