internal import SluiceBase
package import SluiceRouteFiles

/// A description of a preset, for the command line and for the reference page.
package struct ProviderSummary: Sendable {
    package let preset: ProviderPreset

    package init(_ preset: ProviderPreset) { self.preset = preset }

    /// `hmac-sha256`, or of several alternatives `static or hmac-sha256`.
    package var scheme: String {
        var algorithms: [String] = []
        for scheme in preset.schemes where !algorithms.contains(scheme.algorithm) {
            algorithms.append(scheme.algorithm)
        }
        return algorithms.joined(separator: " or ")
    }

    /// The unique key as a route would write it; empty if there is none.
    package var uniqueKey: String { preset.texts(of: "unique_key").joined(separator: " + ") }

    package var event: String { preset.texts(of: "event").joined(separator: " ") }

    /// Whether a name, an alias, the title or the scheme contains a text, in upper or lower case.
    package func matches(_ part: String) -> Bool {
        ([preset.name, preset.title, scheme] + preset.aliases).contains { $0.lowercased().contains(part.lowercased()) }
    }

    /// How requests are verified, one line per alternative.
    package var verification: [String] {
        preset.schemes.map { scheme in
            let location = scheme.signatureFrom.isEmpty ? "" : " in \(Self.plain(scheme.signatureFrom))"
            let signed = scheme.signed.map(Self.quoted).joined(separator: " or ")
            let over = signed.isEmpty ? "" : " over \(signed)"
            let key = scheme.keyFrom.map { ", key from \(Self.plain($0))" } ?? ""
            return "\(scheme.algorithm)\(location)\(over)\(key)\(scheme.tolerance.map { "; tolerance \($0)" } ?? "")"
        }
    }

    private static func plain(_ reference: String) -> String {
        reference.hasPrefix("${") && reference.hasSuffix("}") ? String(reference.dropFirst(2).dropLast()) : reference
    }

    /// Line feeds as they are written in YAML.
    private static func quoted(_ text: String) -> String { text.replacing("\n", with: "\\n") }

    /// Facts about the provider's deliveries, each with its name.
    package var facts: [(name: String, value: String)] {
        var facts = [("signature", verification.joined(separator: ", or "))]
        facts.append(("unique key", uniqueKey.isEmpty ? "none" : uniqueKey))
        facts.append(("event", event.isEmpty ? "none" : event))
        if let each = preset.texts(of: "each").first { facts.append(("elements", each)) }
        if let span = preset.retrySpan {
            facts.append(("retries", span == .zero ? "none" : "for up to \(DurationText.format(span))"))
        }
        if let limit = preset.answerWithin { facts.append(("answer within", DurationText.format(limit))) }
        if !preset.success.isEmpty {
            facts.append(("success", preset.success.map(String.init).joined(separator: ", ")))
        }
        if !preset.aliases.isEmpty { facts.append(("also found as", preset.aliases.joined(separator: ", "))) }
        return facts
    }

    /// Notes that follow from the keys of the preset. The reference page has them once.
    private var generalNotes: [String] {
        var notes: [String] = []
        if !preset.schemes.isEmpty, preset.schemes.allSatisfy({ ["static", "basic"].contains($0.algorithm) }) {
            notes.append("Nothing is signed: the secret shows who sends, but does not cover the request.")
        }
        let keys = preset.texts(of: "unique_key")
        if !keys.isEmpty, keys.allSatisfy({ $0.hasPrefix("${sha256.") }) {
            notes.append("The unique key is a digest: equal deliveries within the dedupe window count as one.")
        }
        return notes
    }

    /// A minimal route.
    package var route: [String] {
        var lines = ["routes:", "  - path: /\(preset.name)", "    provider: \(preset.name)"]
        if preset.needsPublicURL { lines.append("    public_url: https://HOST") }
        if !preset.account.isEmpty {
            lines.append("    account:")
            for (name, meaning) in preset.account { lines.append("      \(name): …  # \(meaning)") }
        }
        if preset.needsSecret, !preset.learnsSecret { lines.append("    secrets: [ { env: \(secretVariable) } ]") }
        if preset.needsHandshakeSecret { lines.append("    handshake_secrets: [ { env: \(handshakeVariable) } ]") }
        return lines + ["    jobs:", "      - type: \(variable.lowercased())_event"]
    }

    /// The name as part of an environment variable.
    private var variable: String {
        String(preset.name.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
    }

    /// The variable that contains the secret unless the route names another.
    package var secretVariable: String { "\(variable)_WEBHOOK_SECRET" }

    package var handshakeVariable: String { "\(variable)_HANDSHAKE_TOKEN" }

    /// Everything about the provider, for a terminal.
    package var lines: [String] {
        let width = (facts.map(\.name.count) + [4]).max() ?? 0
        func row(_ name: String, _ value: String) -> String {
            name + String(repeating: " ", count: width - name.count + 2) + value
        }
        var lines = ["\(preset.name): \(preset.title)"]
        if !preset.docs.isEmpty { lines.append(row("docs", preset.docs)) }
        lines += facts.map { row($0.name, $0.value) }
        lines += section("Set-up", preset.setup.split(separator: "\n").map(String.init))
        lines += section("Secret", preset.secret.isEmpty ? [] : [preset.secret])
        lines += section("Events", preset.events.isEmpty ? [] : Self.wrapped(preset.events))
        lines += section("Notes", (generalNotes + preset.notes).map { "- \($0)" })
        lines += section("Unconfirmed (not in the provider's documentation)", preset.unverified.map { "- \($0)" })
        lines += section("Minimal route", route)
        lines += section("Sample webhooks", preset.sampleNames.map { "sluice send \(preset.name) \($0) --to URL" })
        return lines
    }

    private func section(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : ["", title] + lines.map { "  \($0)" }
    }

    /// Names separated by commas, in lines of at most 100 characters.
    static func wrapped(_ names: [String]) -> [String] {
        var lines: [String] = []
        for name in names {
            if let last = lines.last, last.count + name.count < 98 {
                lines[lines.count - 1] = "\(last), \(name)"
            } else {
                if !lines.isEmpty { lines[lines.count - 1] += "," }
                lines.append(name)
            }
        }
        return lines
    }
}
