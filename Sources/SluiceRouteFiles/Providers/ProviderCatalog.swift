internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// The built-in presets. Each is parsed when it is requested.
package enum ProviderCatalog {
    /// The names of all presets, sorted.
    package static var names: [String] { PresetTexts.names }

    /// The file of a preset; `nil` if it does not exist.
    package static func text(of name: String) -> String? { PresetTexts.text(of: name).map { "\($0)" } }

    /// All presets, by name.
    package static var all: [ProviderPreset] { names.compactMap { preset(of: $0, ProblemLog()) } }

    /// The preset with a name or an alias.
    package static func preset(named name: String) -> ProviderPreset? {
        preset(of: PresetTexts.name(ofAlias: name) ?? name, ProblemLog())
    }

    /// The keys of a route in a preset's file, as written, with `account`, to which they may refer.
    package static func routeKeys(of name: String) -> String {
        var isInside = false
        var lines: [Substring] = []
        for line in (text(of: name) ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
            if let first = line.first, first.isLetter, let colon = line.firstIndex(of: ":") {
                let key = String(line[..<colon])
                isInside = key == "account" || !ProviderKeys.information.contains(key)
            }
            if isInside, !line.isEmpty { lines.append(line) }
        }
        return lines.map { "\($0)\n" }.joined()
    }

    /// The error for an unknown name of a preset.
    ///
    /// - Parameter others: custom presets, in addition to the built-in ones.
    package static func complaint(about name: String, others: [String] = []) -> String {
        let names = others + all.flatMap { [$0.name] + $0.aliases }
        let hint = Suggestion.phrase(for: name, among: names.sorted())
        let remedy = hint.isEmpty ? "; 'sluice providers' lists them, and 'verify' describes any other" : hint
        return "unknown provider '\(PrintableText.escape(name))'\(remedy)"
    }

    /// The problems of a preset's file.
    package static func problems(of name: String) -> [Diagnostic] {
        let log = ProblemLog()
        _ = preset(of: name, log)
        return log.problems
    }

    /// Reads a preset and records its problems.
    static func preset(of name: String, _ log: ProblemLog) -> ProviderPreset? {
        guard let text = text(of: name) else { return nil }
        let file = "\(name).yaml"
        let context = FileContext(file: file, log: log)
        let document = YAMLDocument.parse(Array(text.utf8), file: file)
        for problem in document.problems { context.error(problem.position, problem.message) }
        return document.root.flatMap { ProviderPreset(name: name, $0, in: context) }
    }
}

/// The presets available to the routes of one compilation: those declared in the files, and the built-in ones.
final class ProviderPresets {
    private var declared: [String: ProviderPreset] = [:]
    /// Declared presets with a recorded error: routes that name them report nothing more.
    private(set) var broken: Set<String> = []
    private var builtIn: [String: ProviderPreset] = [:]

    /// Adds the presets that a file declares under `providers`.
    ///
    /// - Parameter check: records the problems of a preset.
    func read(_ node: YAMLNode, in context: FileContext, check: (ProviderPreset) -> Void) {
        for entry in context.entries(node, "'providers'", as: "a mapping from names to providers") ?? [] {
            let name = entry.key
            if let other = declared[name] {
                context.error(
                    entry.position,
                    "the provider '\(PrintableText.escape(name))' is already declared at \(other.location)"
                )
                continue
            }
            if PresetTexts.text(of: name) != nil {
                context.error(
                    entry.position, "'\(name)' is a built-in provider; choose another name, such as 'my-\(name)'")
                continue
            }
            let before = context.log.problems.count
            if let preset = ProviderPreset(name: name, entry.value, in: context) {
                declared[name] = preset
                check(preset)
            }
            if context.log.problems.count > before { broken.insert(name) }
        }
    }

    /// Whether a route file declares the preset.
    func isDeclared(_ name: String) -> Bool { declared[name] != nil }

    func preset(named name: String) -> ProviderPreset? {
        if let known = declared[name] ?? builtIn[name] { return known }
        guard let preset = ProviderCatalog.preset(named: name) else { return nil }
        builtIn[name] = preset
        return preset
    }

    /// The error for an unknown name of a preset.
    func complaint(about name: String) -> String {
        ProviderCatalog.complaint(about: name, others: Array(declared.keys))
    }
}
