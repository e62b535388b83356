internal import SluiceBase
internal import SluiceGateway
internal import SluiceRouteFiles
internal import SluiceRoutes

/// The output of `sluice routes` for people.
enum RoutesText {
    /// - Parameter width: of the terminal; `nil` for no limit.
    static func lines(_ document: ControlDocuments.Routes, width: Int?) -> [String] {
        let tables = table(document.routes, width) + secrets(document.routes, width)
        let notices = list("notices     ", document.notices ?? [])
        guard let gateway = document.gateway else { return notices + (notices.isEmpty ? [] : [""]) + tables }
        return state(gateway, document.problems) + notices + [""] + tables
    }

    /// The number of lines and then all of them, not truncated: they end with a location.
    private static func list(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : ["\(title) \(lines.count)"] + lines.map { "  " + PrintableText.escape($0, limit: 1000) }
    }

    /// Only the secrets that were read: not those of a folder.
    private static func secrets(_ routes: [RouteSummary], _ width: Int?) -> [String] {
        let rows = routes.flatMap { route in
            (route.secrets ?? []).compactMap { secret -> [String]? in
                guard let bytes = secret.bytes, let digits = secret.sha256 else { return nil }
                return [route.name, secret.key, secret.source, String(bytes), digits].map {
                    PrintableText.escape($0, limit: .max)
                }
            }
        }
        guard !rows.isEmpty else { return [] }
        return [""] + Table.lines(["ROUTE", "KEY", "SECRET", "BYTES", "SHA-256"], rows, width: width)
    }

    private static func state(_ gateway: ControlDocuments.TableState, _ problems: [String]) -> [String] {
        let outcome = gateway.result == "success" ? "success" : "failed; keeping route table \(gateway.version)"
        return [
            "table        \(gateway.version), loaded \(time(gateway.since))",
            "last reload  \(time(gateway.triedAt)), \(outcome)",
            "files        \(files(gateway.files))",
        ] + list("problems    ", problems)
    }

    private static func files(_ word: String) -> String {
        switch word {
        case "in_force": "same as loaded"
        case "changed": "changed since the load"
        case "unreadable": "cannot be read"
        default: PrintableText.escape(word)
        }
    }

    private static func table(_ routes: [RouteSummary], _ width: Int?) -> [String] {
        guard !routes.isEmpty else { return ["no routes"] }
        let header = ["NAME", "PATH", "METHODS", "VERIFY", "KEY", "EACH", "MAKES", "OTHERWISE", "DECLARED"]
        let rows = routes.map { route in
            [
                route.name, route.path, route.methods.joined(separator: ","), route.verification, route.uniqueKey ?? "",
                route.each ?? "",
                makes(route).joined(separator: ", "), route.otherwise ?? "", route.place,
            ].map { PrintableText.escape($0.isEmpty ? "-" : $0, limit: .max) }
        }
        guard let width else { return Table.lines(header, rows) }
        // If space is short, a column without any value is left out.
        let shown = header.indices.filter { column in rows.contains { $0[column] != "-" } }
        // The columns that identify the route.
        let last: Set = ["NAME", "PATH", "DECLARED"]
        return Table.lines(
            shown.map { header[$0] }, rows.map { row in shown.map { row[$0] } }, width: width, cuttingLast: last)
    }

    private static func makes(_ route: RouteSummary) -> [String] {
        route.makes + (route.handshakes.map { [$0 == 1 ? "1 handshake" : "\($0) handshakes"] } ?? [])
    }

    private static func time(_ milliseconds: Int64) -> String { TimestampText.format(milliseconds: milliseconds) }
}
