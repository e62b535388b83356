package import SluiceBase
internal import SluiceYAML

/// A settings file, split into keys and their texts.
package struct SettingsFile: Sendable, Equatable {
    /// As given by the user, for messages.
    package let path: String
    package private(set) var entries: [Entry] = []
    /// Problems of the file itself, apart from the values.
    package private(set) var problems: [String] = []

    /// One setting with the location of its value; line and column count from 1.
    package struct Entry: Sendable, Equatable {
        package let key: String
        package let value: String
        package let line: Int
        package let column: Int
    }

    /// The default name of the file.
    package static let usualName = "sluice.yaml"

    /// Reads the file given by `--config`, or the default one in the working folder if it exists. Blocks.
    ///
    /// - Returns: `nil` if no file is given and the default one does not exist.
    /// - Throws: `ExitStatus.wrongInput` if the file cannot be read.
    package static func load(config: String?) throws(StartupError) -> SettingsFile? {
        let path = config ?? usualName
        if config == nil, (try? FileAccess.status(of: path)) == nil { return nil }
        do {
            return SettingsFile(path: path, bytes: try FileAccess.read(path, limit: YAMLLimits().bytes))
        } catch {
            throw StartupError(.wrongInput, "cannot read the settings file \(PrintableText.escape(path)): \(error)")
        }
    }

    /// Parses a file. `zizq: { url: … }` and `zizq.url: …` are equivalent.
    package init(path: String, bytes: [UInt8]) {
        self.path = path
        let document = YAMLDocument.parse(bytes, file: path)
        for problem in document.problems { report(problem.position, problem.message) }
        guard let root = document.root else { return }
        switch root.content {
        case .mapping(let members): for member in members { add(member, below: "") }
        case .scalar, .sequence:
            report(root.position, "a settings file must be a mapping of keys to values, not \(root.noun)")
        }
    }

    private mutating func add(_ member: YAMLEntry, below prefix: String) {
        let key = prefix + member.key
        if let setting = SettingsTable.setting(key) { return add(setting, member.value) }
        guard Self.isSection(key) else { return reportUnknown(member, key) }
        switch member.value.content {
        case .mapping(let members): for member in members { add(member, below: key + ".") }
        case .scalar(let scalar) where scalar.value == .null: break
        case .scalar, .sequence:
            report(member.value.position, "\(key) must be a mapping of settings, not \(member.value.noun)")
        }
    }

    private mutating func add(_ setting: Setting, _ node: YAMLNode) {
        guard !entries.contains(where: { $0.key == setting.key }) else {
            return report(node.position, "\(setting.key) is set twice")
        }
        switch node.content {
        case .scalar(let scalar) where scalar.value == .null || scalar.text.isEmpty:
            report(node.position, "\(setting.key) has no value; set one or remove the line")
        case .scalar(let scalar):
            addEntry(setting, scalar.text, at: node.position)
        case .sequence(let elements) where setting.isList:
            let texts = elements.compactMap { $0.scalar?.text }.filter { !$0.isEmpty && !$0.contains(",") }
            guard texts.count == elements.count else { return reportForm(setting, node) }
            addEntry(setting, texts.joined(separator: ","), at: node.position)
        case .sequence, .mapping:
            reportForm(setting, node)
        }
    }

    private mutating func addEntry(_ setting: Setting, _ text: String, at position: YAMLPosition) {
        entries.append(Entry(key: setting.key, value: text, line: position.line, column: position.column))
    }

    private static func isSection(_ key: String) -> Bool { SettingsTable.all.contains { $0.key.hasPrefix(key + ".") } }

    private mutating func reportForm(_ setting: Setting, _ node: YAMLNode) {
        report(node.position, "\(setting.key) must be \(setting.requirement), not \(node.noun)")
    }

    private mutating func reportUnknown(_ member: YAMLEntry, _ key: String) {
        let suggestion = Suggestion.phrase(for: key, among: SettingsTable.all.map(\.key))
        report(member.position, "unknown key '\(PrintableText.escape(key, limit: 80))'\(suggestion)")
    }

    private mutating func report(_ position: YAMLPosition, _ sentence: String) {
        problems.append("\(path):\(position.line):\(position.column): \(sentence)")
    }
}
