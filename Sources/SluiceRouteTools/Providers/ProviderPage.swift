internal import SluiceBase
internal import SluiceRouteFiles

/// `docs/reference/providers.md`, which comes from the presets.
package enum ProviderPage {
    private static let introduction = """
        # Providers

        `provider: NAME` in a route takes over the keys of one of these presets; see [Route
        files](routes.md#providers). `sluice providers` lists them, `sluice providers show NAME` prints what is here,
        and `sluice providers show NAME --yaml` the keys of the preset, to copy and change. `make docs` generates this
        page from the presets.

        A sender that is not here can be described with [`verify`](routes.md#verifying) in a route, or once for several
        routes with a [preset of your own](routes.md#presets-of-your-own).
        """

    package static var markdown: String {
        let summaries = ProviderCatalog.all.map(ProviderSummary.init)
        let rows = summaries.map { summary in
            "| [`\(summary.preset.name)`](#\(summary.preset.name)) | \(summary.preset.title) | \(summary.scheme) | "
                + "\(code(summary.uniqueKey)) | \(code(summary.event)) |"
        }
        let table = ["| provider | | signature | unique key | event |", "|---|---|---|---|---|"] + rows
        return ([introduction, "", table.joined(separator: "\n")] + summaries.map(section)).joined(separator: "\n")
            + "\n"
    }

    private static func section(_ summary: ProviderSummary) -> String {
        let preset = summary.preset
        var lines = ["", "## \(preset.name)", "", "\(preset.title): <\(preset.docs)>", ""]
        lines += summary.facts.map { "- \($0.name): \($0.name == "signature" ? $0.value : code($0.value))" }
        lines += ["", "```text"] + preset.setup.split(separator: "\n").map(String.init) + ["```", ""]
        if preset.needsSecret { lines += ["`secrets` contain \(preset.secret).", ""] }
        lines += preset.account.map { "- `account.\($0.name)`: \($0.meaning)" }
        lines += preset.notes.map { "- \($0)" }
        if !preset.unverified.isEmpty {
            lines += ["", "Not from the provider's own pages:", ""] + preset.unverified.map { "- \($0)" }
        }
        while lines.last == "" { lines.removeLast() }
        return lines.joined(separator: "\n")
    }

    private static func code(_ text: String) -> String {
        if text.isEmpty { return "–" }
        return text.contains("${") ? "`\(text.replacing("|", with: "\\|"))`" : text
    }
}
