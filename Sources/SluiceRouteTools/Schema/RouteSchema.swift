internal import SluiceJSON
internal import SluiceRouteFiles
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

/// The tables of `docs/reference/routes.md` that come from the rows of the route language and of its references.
///
/// A table stands between a line such as `<!-- keys: route -->` and a line `<!-- end -->`.
package enum RoutePage {
    /// Each table by the line before it.
    private static var tables: [(marker: String, lines: [String])] {
        let jobs = ReferenceForm.all.compactMap { form in form.meaning.map { [form.written, $0] } }
        let signatures = ReferenceForm.all.compactMap { form in form.signedMeaning.map { [form.written, $0] } }
        return RouteLanguage.mappings.map { ("<!-- keys: \($0.name) -->", markdown(of: $0)) } + [
            ("<!-- references -->", markdown(["reference", "value"], jobs)),
            ("<!-- references: verify -->", markdown(["reference", "value"], signatures)),
        ]
    }

    /// The lines before the tables; the page has each of them once.
    package static var markers: [String] { tables.map(\.marker) }

    /// The page with each of its tables as the rows say it now.
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
