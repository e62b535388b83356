internal import SluiceBase
package import SluiceRoutes
internal import SluiceYAML

/// A declared kind of job: its name is Zizq's `type`, the rest are defaults for the rules with this kind.
package struct JobKind {
    package let name: String
    package let location: SourceLocation
    package let options: JobOptionsTemplate
    /// `nil` if none is declared, so that every payload is valid.
    package let payload: PayloadType?

    /// Records the parts of a rule's `payload` that can never match the kind's type; `${body}`, the default of a rule,
    /// always may.
    func check(_ payload: YAMLNode?, in context: FileContext) {
        guard let payload, let type = self.payload else { return }
        PayloadMappingCheck(kind: name, context: context).check(payload, type)
    }
}

/// The kinds of all files, and which of them are used by a rule.
struct JobKinds {
    private(set) var byName: [String: JobKind] = [:]
    private var used: Set<String> = []

    /// Reads the `kinds` mapping of one file.
    mutating func read(_ node: YAMLNode, in context: FileContext) {
        let entries = context.entries(node, "'kinds'", as: "a mapping from names to kinds")
        for entry in entries ?? [] { read(entry, in: context) }
    }

    private mutating func read(_ entry: YAMLEntry, in context: FileContext) {
        let subject = "the kind '\(PrintableText.escape(entry.key))'"
        if let complaint = ZizqName.complaint(about: entry.key) {
            context.error(entry.position, "\(subject) \(complaint)")
        }
        if let other = byName[entry.key] {
            context.error(entry.position, "\(subject) is already declared at \(other.location)")
        }
        var options = JobOptionsTemplate()
        var payload: PayloadType?
        if entry.value.scalar?.value != .null, let reader = MappingReader(entry.value, RouteLanguage.kind, in: context)
        {
            var noScope: RouteScope?
            options = JobOptionsReader.read(reader, scope: &noScope)
            payload = reader.read(\.payload).flatMap { PayloadTypeReader(context: context).read($0) }
        }
        byName[entry.key] = JobKind(
            name: entry.key, location: context.location(entry.position), options: options, payload: payload)
    }

    /// Returns the kind that a rule names.
    mutating func use(_ name: String) -> JobKind? {
        used.insert(name)
        return byName[name]
    }

    /// ` did you mean …`, or nothing.
    func hint(for name: String) -> String { Suggestion.phrase(for: name, among: byName.keys.sorted()) }

    func warnOfUnused(_ log: ProblemLog) {
        for kind in byName.values where !used.contains(kind.name) {
            log.warning(kind.location, "no rule makes jobs of kind '\(PrintableText.escape(kind.name))'")
        }
    }
}
