internal import SluiceBase
package import SluiceRoutes
internal import SluiceYAML

extension RouteTable {
    /// Checks all files and compiles them to one table, or returns all their problems.
    ///
    /// Blocking only if routes name secret files.
    ///
    /// - Parameters:
    ///   - readingProblems: problems of reading the files; with any of them there is no table.
    ///   - readingWarnings: problems of the files themselves, such as mounts.
    ///   - secretFiles: created for this compilation; it remembers what was read.
    package static func compile(
        _ files: [RouteFile], readingProblems: [Diagnostic] = [], readingWarnings: [Diagnostic] = [],
        secretFiles: SecretFiles, environment: [String: String], options: RouteOptions = RouteOptions()
    ) -> RouteCompilation {
        var compiler = RouteCompiler(secretFiles: secretFiles, environment: environment, options: options)
        let routes = compiler.compile(files)
        let log = compiler.log
        let problems = (readingProblems + log.problems).sorted()
        return RouteCompilation(
            table: problems.isEmpty ? RouteTable(routes: routes.map(\.route)) : nil,
            details: routes.map(\.details), problems: problems,
            warnings: (readingWarnings + log.warnings).sorted(),
            notes: log.notes.sorted(), secretFiles: secretFiles.paths,
            environmentNames: compiler.environmentNames.sorted(),
            fingerprint: FolderSnapshot.fingerprint(of: files, secretFiles, readingProblems),
            files: Set(files.map(\.name)), counts: compiler.counts,
            keyForms: compiler.keyForms)
    }
}

/// Compiles all files of a folder: first the kinds of all of them, then the routes, which can use kinds of any file.
package struct RouteCompiler {
    package let log = ProblemLog()
    let secretFiles: SecretFiles
    let environment: [String: String]
    let options: RouteOptions
    private(set) var environmentNames: Set<String> = []
    /// The first route with each secret.
    private var firstUsers: [SecretSource: String] = [:]
    private(set) var keyForms: [String: SecretFormat] = [:]
    /// What was counted so far, valid or not.
    private(set) var counts = RouteCounts()
    private var kinds = JobKinds()
    private var registry = RouteRegistry()
    private let presets = ProviderPresets()
    private var nodeCount = 0

    /// All files together.
    private static let nodeLimit = 200_000

    package init(secretFiles: SecretFiles, environment: [String: String], options: RouteOptions) {
        self.secretFiles = secretFiles
        self.environment = environment
        self.options = options
    }

    /// - Returns: the valid routes; not all of them if the log has problems.
    mutating func compile(_ files: [RouteFile]) -> [(route: Route, details: RouteDetails)] {
        let sections = sections(of: files)
        counts.files = files.count
        var routes: [(parts: Route.Parts, details: RouteDetails)] = []
        for section in sections {
            guard let elements = section.read(\.routes) else { continue }
            counts.routes += elements.count
            for element in elements {
                guard let read = route(element, in: section.context) else { continue }
                routes.append(read)
            }
        }
        kinds.warnOfUnused(log)
        counts.kinds = kinds.byName.count
        // Also of other routes, which may have the same secret. In development all have the one that anyone knows.
        let signers = routes.flatMap(\.parts.tokenSigners)
        if !signers.isEmpty {
            let others = if case .wellKnown = options.secrets { [TokenSigner]() } else { signers }
            for index in routes.indices { routes[index].parts.refuse(tokensOf: others) }
        }
        return routes.enumerated().map { (Route($1.parts, index: $0), $1.details) }
    }

    /// - Returns: the kinds of all files; routes are ignored.
    package mutating func kinds(of files: [RouteFile]) -> [JobKind] {
        _ = sections(of: files)
        return Array(kinds.byName.values)
    }

    /// The top levels of all files, after reading their kinds.
    private mutating func sections(of files: [RouteFile]) -> [MappingReader<FileKeys>] {
        let sections = files.sorted { $0.name < $1.name }.compactMap { file in section(of: file) }
        for section in sections {
            if let node = section.read(\.kinds) { kinds.read(node, in: section.context) }
            if let node = section.read(\.providers) {
                presets.read(node, in: section.context) { check($0, in: section.context) }
            }
        }
        return sections
    }

    /// The top level of a file; `nil` for an empty one or one that is not YAML, which has been recorded.
    private mutating func section(of file: RouteFile) -> MappingReader<FileKeys>? {
        var limits = YAMLLimits()
        limits.nodes = Self.nodeLimit - nodeCount
        let document = YAMLDocument.parse(file.bytes, file: file.name, limits: limits, allowsEmptyValues: false)
        nodeCount += document.nodeCount
        let context = FileContext(file: file.name, log: log)
        for problem in document.problems {
            log.error(context.location(problem.position), problem.message, ofValueAt: context.location(problem.value))
        }
        guard let root = document.root else {
            // A file that an editor or a full disk has truncated must not remove its routes.
            if document.problems.isEmpty {
                context.error(
                    YAMLPosition(line: 1, column: 1), "this file is empty; delete it to remove its routes"
                )
            }
            return nil
        }
        return MappingReader(root, RouteLanguage.files, in: context)
    }

    private mutating func route(_ node: YAMLNode, in context: FileContext) -> (
        parts: Route.Parts, details: RouteDetails
    )? {
        let secrets = SecretReader(
            context: context, environment: environment, files: secretFiles, allowsInline: options.allowsInlineSecrets,
            supply: options.secrets)
        guard
            var reader = RouteReader(node, in: context, presets: presets, secrets: secrets, options: options)
        else { return nil }
        let read = reader.read(kinds: &kinds, registry: &registry)
        for case .environment(let name) in reader.secretSources {
            environmentNames.insert(name)
            keyForms[name] = keyForms[name] ?? reader.secretFormat
        }
        for case .environment(let name) in reader.handshakeSources {
            environmentNames.insert(name)
            keyForms[name] = keyForms[name] ?? SecretFormat()
        }
        if let read { noteSharedSecrets(of: read.parts.name, reader) }
        counts.examples += reader.exampleCount
        return read
    }
}

extension RouteCompiler {
    /// Records the problems of a declared preset, with its location: it is compiled in a separate route.
    private func check(_ preset: ProviderPreset, in context: FileContext) {
        let route = route(SampleRoute(), of: preset, in: context, supply: .throwAway, isProbe: true)
        if let path = route?.path { preset.checkSamples(path: path, log) }
    }

    /// A route with only a preset; `nil` after recording a problem.
    private func route(
        _ sample: SampleRoute, of preset: ProviderPreset, in context: FileContext, supply: SecretSupply, isProbe: Bool
    ) -> Route.Parts? {
        let secrets = SecretReader(
            context: context, environment: sample.environment, files: secretFiles, allowsInline: true, supply: supply)
        var (kinds, registry) = (JobKinds(), RouteRegistry())
        var reader = RouteReader(
            sample.node(of: preset), in: context, presets: presets, secrets: secrets, options: options,
            isProbe: isProbe)
        return reader?.read(kinds: &kinds, registry: &registry)?.parts
    }

    /// A route of a built-in preset that signs its samples.
    ///
    /// - Parameter supply: the source of secrets that are not given.
    package static func route(
        _ sample: SampleRoute, of preset: ProviderPreset, supply: SecretSupply
    ) throws(SigningError) -> Route {
        let compiler = RouteCompiler(
            secretFiles: SecretFiles(folder: "."), environment: [:], options: RouteOptions())
        let context = FileContext(file: preset.location.file, log: compiler.log)
        let parts = compiler.route(sample, of: preset, in: context, supply: supply, isProbe: false)
        guard let parts, compiler.log.problems.isEmpty else {
            throw SigningError(message: compiler.log.problems.map(\.message).joined(separator: "; "))
        }
        return Route(parts, index: 0)
    }

    /// Notes routes that accept each other's requests.
    private mutating func noteSharedSecrets(of name: String, _ reader: RouteReader) {
        for source in Set(reader.secretSources).sorted(by: { $0.description < $1.description }) {
            guard let first = firstUsers[source] else {
                firstUsers[source] = name
                continue
            }
            guard reader.takesOthersRequests else { continue }
            reader.context.note(
                reader.reader.position(of: "secrets"),
                "the route '\(PrintableText.escape(first))' has the same secret "
                    + "(\(PrintableText.escape(source.description))), and the "
                    + "signature does not cover the path: a captured request for one route could be replayed on the "
                    + "other"
            )
        }
    }
}

/// The names and paths of the routes so far: both are unique in the table.
struct RouteRegistry {
    private var names: [String: SourceLocation] = [:]
    private var paths = PathOverlap()

    /// Adds a name, and reports one that is already used.
    package mutating func add(name: String, at location: SourceLocation, _ log: ProblemLog) {
        if let other = names[name] {
            log.error(location, "the name '\(PrintableText.escape(name))' is already used at \(other)")
        }
        names[name] = names[name] ?? location
    }

    /// - Returns: whether the path is unique.
    mutating func add(path: RoutePath, at location: SourceLocation, _ log: ProblemLog) -> Bool {
        var written: String { "the path '\(PrintableText.escape(path.text))'" }
        switch paths.add(path, at: location) {
        case nil: return true
        case .same(let other): log.error(location, "\(written) is already used at \(other)")
        case .unclear(let path, let other, let example):
            log.error(
                location,
                "\(written) and '\(PrintableText.escape(path.text))' at \(other) both match requests such as "
                    + "\(PrintableText.escape(example)), and neither is more specific")
        }
        return false
    }
}
