internal import SluiceJSON
package import SluiceRouteFiles
internal import SluiceRoutes

/// The JSON Schema of a route file, for editors and for checks without Sluice.
///
/// It is the language as `RouteTable.compile` reads it, as far as a schema can say it: not which kinds there are,
/// whether a name or a path is taken, or what a reference means in its place.
package enum RouteSchema {
    /// JSON text in the dialect 2020-12, the same each time, without a line feed at its end.
    package static var document: String { schema.prettyText(.compact) }

    private static var schema: JSONTree {
        let header: JSONTree = [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "urn:sluice:route-file",
            "title": "Sluice route file",
            "description":
                "Which webhooks the gateway accepts, how it verifies them, and which jobs they become.",
        ]
        return .object(header.constraints + RouteLanguage.file.schema.constraints).adding(["$defs": definitions])
    }

    private static var definitions: JSONTree {
        let mappings = RouteLanguage.mappings.dropFirst().map { JSONTree.Member(key: $0.name, value: $0.schema) }
        let values = SchemaDefinition.allCases.map { JSONTree.Member(key: $0.rawValue, value: $0.schema) }
        return .object(mappings + values)
    }
}

/// The tables of `docs/reference/routes.md` that come from the rows of the route language.
///
/// A table stands between a line `<!-- keys: route -->`, which names its mapping, and a line `<!-- end -->`.
package enum RoutePage {
    private static let end = "<!-- end -->"

    /// The page with each of its tables as the rows say it now.
    package static func updating(_ page: String) -> String {
        var lines: [Substring] = []
        var isInside = false
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == end { isInside = false }
            if !isInside { lines.append(line) }
            guard let table = RouteLanguage.mappings.first(where: { line == marker(of: $0) }) else { continue }
            isInside = true
            lines += markdown(of: table).map { $0[...] }
        }
        return lines.joined(separator: "\n")
    }

    /// The line before the table of a mapping.
    package static func marker(of table: any LanguageTable) -> String { "<!-- keys: \(table.name) -->" }

    private static func markdown(of table: any LanguageTable) -> [String] {
        let hasDefaults = table.rows.contains { defaultText(of: $0) != nil }
        let head = ["key"] + (hasDefaults ? ["default"] : []) + ["value", "meaning"]
        let rows = table.rows.map { row in
            ["`\(row.name)`"] + (hasDefaults ? [defaultText(of: row) ?? "–"] : []) + [row.values, row.meaning]
        }
        return [line(head), "|" + head.map { _ in "---|" }.joined()] + rows.map(line)
    }

    private static func defaultText(of row: LanguageRow) -> String? {
        if row.isRequired { return "required" }
        return row.standard.map { "`\($0.string ?? $0.json)`" } ?? row.absent
    }

    private static func line(_ cells: [String]) -> String {
        "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |"
    }
}
