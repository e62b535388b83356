internal import SluiceBase
internal import SluiceRouteFiles

/// `docs/reference/providers.md`, generated from the presets.
package enum ProviderPage {
    private static let introduction = """
        # Providers

        `provider: NAME` in a route uses the keys of one of these presets; see [Route
        files](routes.md#providers). `sluice providers` lists them, `sluice providers show NAME` prints an entry,
        and `sluice providers show NAME --yaml` prints the keys of the preset, so that you can copy and change
        them. `make docs` generates this page from the presets.

        If the signature is `static` or `basic`, nothing is signed: a token or password shows who sends, but does not
        cover the request, so anyone who knows it can send anything. If the unique key is a digest (`${sha256.…}`),
        deliveries have no id that could be the key, and identical ones within the dedupe window count as one.
        "Unconfirmed" means: not in the provider's documentation.

        A sender that is not listed can be described with [`verify`](routes.md#verifying) in a route, or once for
        several routes with a [custom preset](routes.md#custom-presets).
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
            lines += ["", "**Unconfirmed**: \(preset.unverified.joined(separator: "; "))."]
        }
        while lines.last == "" { lines.removeLast() }
        return lines.joined(separator: "\n")
    }

    private static func code(_ text: String) -> String {
        if text.isEmpty { return "–" }
        return text.contains("${") ? "`\(text.replacing("|", with: "\\|"))`" : text
    }
}
