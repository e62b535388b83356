internal import SluiceJSON
internal import SluiceRouteFiles
internal import SluiceRoutes

/// The JSON Schema of a route file, for editors and for validation without Sluice.
///
/// It describes the language of `RouteTable.compile` as far as a schema can: it does not know the declared kinds,
/// duplicate names and paths, or which references are allowed where.
package enum RouteSchema {
    /// JSON text in the dialect 2020-12, deterministic, without a final line feed.
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

/// The tables of `docs/reference/routes.md` that are generated from the rows of the route language and of its
/// references.
///
/// A table is between a line such as `<!-- keys: route -->` and a line `<!-- end -->`.
package enum RoutePage {
    /// Each table with the marker line before it.
    private static var tables: [(marker: String, lines: [String])] {
        let jobs = ReferenceSyntax.all.compactMap { form in form.meaning.map { [form.written, $0] } }
        let signatures = ReferenceSyntax.all.compactMap { form in form.signedMeaning.map { [form.written, $0] } }
        return RouteLanguage.mappings.map { ("<!-- keys: \($0.name) -->", markdown(of: $0)) } + [
            ("<!-- references -->", markdown(["reference", "value"], jobs)),
            ("<!-- references: verify -->", markdown(["reference", "value"], signatures)),
        ]
    }

    /// The marker lines of the tables; the page has each of them once.
    package static var markers: [String] { tables.map(\.marker) }

    /// Returns the page with its tables regenerated.
    package static func updating(_ page: String) -> String {
        let tables = Dictionary(uniqueKeysWithValues: tables.map { ($0.marker, $0.lines) })
        var lines: [String] = []
        var isInside = false
        for line in page.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line == "<!-- end -->" { isInside = false }
            if !isInside { lines.append(line) }
            guard let table = tables[line] else { continue }
            isInside = true
            lines += table
        }
        return lines.joined(separator: "\n")
    }

    private static func markdown(of table: any LanguageTable) -> [String] {
        let hasDefaults = table.rows.contains { defaultText(of: $0) != nil }
        return markdown(
            ["key"] + (hasDefaults ? ["default"] : []) + ["value", "meaning"],
            table.rows.map { row in
                ["`\(row.name)`"] + (hasDefaults ? [defaultText(of: row) ?? "–"] : []) + [row.values, row.meaning]
            })
    }

    private static func markdown(_ head: [String], _ rows: [[String]]) -> [String] {
        [line(head), "|" + head.map { _ in "---|" }.joined()] + rows.map(line)
    }

    private static func defaultText(of row: LanguageRow) -> String? {
        if row.isRequired { return "required" }
        return row.standard.map { "`\($0.string ?? $0.json)`" } ?? row.absent
    }

    private static func line(_ cells: [String]) -> String {
        "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |"
    }
}
