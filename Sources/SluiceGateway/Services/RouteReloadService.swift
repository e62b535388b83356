internal import Logging
internal import ServiceLifecycle
internal import SluiceBase
internal import SluiceNet
package import SluiceRoutes
internal import Synchronization

/// Watches the route files, the secrets and the certificate, and puts what changed in force: the whole table or
/// nothing.
package final class RouteReloadService: Service {
    /// What a reload that somebody asked for came to.
    package struct Report: Sendable, Hashable {
        /// The table in force afterwards.
        package let version: Int
        package let routes: Int
        /// Why the files on disk are not in force, a line each; empty where they are.
        package let problems: [String]
        package let warnings: [String]
        /// Why the certificate on disk is not in force; nil where it is. Certificate and routes do not wait for each
        /// other.
        package var certificateProblem: String?
    }

    /// What it works on.
    package struct Configuration: Sendable {
        package let folder: String
        package let options: RouteOptions
        package let environment: [String: String]
        /// Called with each table that a reload has put in force.
        package var reloaded: (@Sendable (Report) -> Void)?

        package init(folder: String, options: RouteOptions, environment: [String: String]) {
            self.folder = folder
            self.options = options
            self.environment = environment
        }
    }

    /// Where new tables go.
    struct Publication: Sendable {
        /// Hands one on.
        var publish: @Sendable (ActiveRoutes) -> Void
        /// Returns when everybody serves with what was handed on so far.
        var settle: @Sendable () async -> Void
    }

    /// What is in force and what became of the last load, all of one moment.
    struct Picture: Sendable {
        let status: RouteReloader.Status
        let table: ActiveRoutes?
        /// What the table was made from.
        let source: TableSource?
    }

    private struct State {
        var reloader = RouteReloader()
        var table: ActiveRoutes?
        var source: TableSource?
        var secretFiles: [String] = []
        var environmentNames: [String] = []
        /// Those of the table in force, which have been logged.
        var warnings: Set<String> = []
    }

    private let configuration: Configuration
    let certificate: CertificateKeeper?
    private let metrics: MetricsRegistry
    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())
    private let requests = Mutex(ReloadRequests())
    /// Held from reading the files to publishing the table and logging it, so that of two reloads at once the one that
    /// has read later wins, and is told of later.
    private let loading = Mutex(())
    private let publication: Publication
    private let succeeded: Counter
    private let failed: Counter

    /// How often a reload that was asked for reads files that change all the time.
    private static let attempts = 10

    init(
        _ configuration: Configuration, certificate: CertificateKeeper?, metrics: MetricsRegistry,
        publication: Publication, time: any TimeSource, logger: Logger
    ) {
        self.configuration = configuration
        self.certificate = certificate
        self.metrics = metrics
        self.publication = publication
        self.time = time
        self.logger = logger
        succeeded = metrics.counter(.reloads, labels: ["success"])
        failed = metrics.counter(.reloads, labels: ["failure"])
    }

    /// Loads the routes for the first time.
    ///
    /// - Throws: every problem, a line each, with exit status 1.
    func start() throws(StartupError) -> ActiveRoutes {
        let report = loading.withLock { _ in loadStill() }
        guard let table = state.withLock({ $0.table }) else {
            throw StartupError(.wrongInput, report.problems.joined(separator: "\n"))
        }
        logNew(report.warnings)
        return table
    }

    /// Looks once a second until the service group stops it.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                // The interval of the polling; a cancelled sleep ends the loop.
                guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
                look()
            }
        }
    }

    /// The table's version, and whether the files on disk are not what is in force.
    package var status: RouteReloader.Status { state.withLock { $0.reloader.status } }

    /// The environment variables that the route files name.
    var environmentNames: [String] { state.withLock { $0.environmentNames } }

    /// The table that requests are served with now.
    var activeRoutes: ActiveRoutes? { state.withLock { $0.table } }

    /// How the files on disk are to the table of a picture. Blocking.
    func files(_ picture: Picture) -> TableSource.Files {
        picture.source?.compare(folder: configuration.folder) ?? .changed
    }

    var picture: Picture { state.withLock { Picture(status: $0.reloader.status, table: $0.table, source: $0.source) } }

    // MARK: - When somebody asks

    /// Has everything read anew soon, whatever has or has not changed: SIGHUP.
    func ask() { ask(nil) }

    /// The same for `sluice reload`, which waits for what comes of it; requests that come later are served with the new
    /// table.
    func reload() async -> Report {
        await withCheckedContinuation { continuation in ask { continuation.resume(returning: $0) } }
    }

    private func ask(_ answer: ReloadRequests.Answer?) {
        guard requests.withLock({ $0.asked(answer) }) else { return }
        Task { [self] in
            while let answers = requests.withLock({ $0.next() }) {
                let report = reloadNow()
                await publication.settle()
                for answer in answers { answer(report) }
            }
        }
    }

    /// Reads everything anew. Blocking.
    @discardableResult
    func reloadNow() -> Report {
        let problem = certificate?.reload()
        var report = loading.withLock { _ in
            let started = time.monotonicNanoseconds()
            return log(loadStill(), since: started)
        }
        report.certificateProblem = problem
        return report
    }

    /// Until what was compiled is what is there. Files that never stand still change nothing.
    private func loadStill() -> Report {
        _ = state.withLock { $0.reloader.requested() }
        for _ in 0..<Self.attempts {
            let compilation = compile(read())
            if isStill(compilation) { return load(compilation) }
        }
        let now = time.wallMilliseconds()
        failed.increment()
        return state.withLock { state in
            let verdict = state.reloader.neverStill(atMilliseconds: now)
            return decide(verdict, of: nil, &state).report
        }
    }

    // MARK: - One look

    func look() {
        certificate?.look()
        let now = time.wallMilliseconds()
        let mustRead = state.withLock { state in
            let listing = FolderListing.look(
                folder: configuration.folder, secretFiles: state.secretFiles, atMilliseconds: now)
            return state.reloader.looked(at: listing) == .read
        }
        if mustRead { loading.withLock { _ in readAfterLook() } }
    }

    private func readAfterLook() {
        let started = time.monotonicNanoseconds()
        let snapshot = read()
        switch state.withLock({ $0.reloader.read(snapshot.fingerprint) }) {
        case .wait: return
        case .lookAgain: logger.debug("the route files have changed: they are loaded if the next look sees the same")
        case .load:
            let compilation = compile(snapshot)
            guard isStill(compilation) else { return state.withLock { $0.reloader.changedMeanwhile() } }
            log(load(compilation), since: started)
        }
    }

    // MARK: - One load

    private func read() -> FolderSnapshot {
        FolderSnapshot.read(folder: configuration.folder, secretFiles: state.withLock { $0.secretFiles })
    }

    private func compile(_ snapshot: FolderSnapshot) -> RouteCompilation {
        snapshot.compile(
            folder: configuration.folder, environment: configuration.environment, options: configuration.options)
    }

    private func isStill(_ compilation: RouteCompilation) -> Bool {
        FolderSnapshot.isStill(compilation, folder: configuration.folder)
    }

    private func load(_ compilation: RouteCompilation) -> Report {
        let now = time.wallMilliseconds()
        let (report, replacement) = state.withLock { state in
            // Files that only a broken table names are watched too: mending one of them must be seen.
            state.secretFiles = Array(
                Set(compilation.secretFiles + (compilation.table == nil ? state.secretFiles : []))
            ).sorted()
            state.environmentNames = compilation.environmentNames
            let verdict = state.reloader.compiled(compilation, inForce: state.table?.table, atMilliseconds: now)
            return decide(verdict, of: compilation, &state)
        }
        if let replacement { publication.publish(replacement) }
        (report.problems.isEmpty ? succeeded : failed).increment()
        return report
    }

    private func decide(
        _ verdict: RouteReloader.Verdict, of compilation: RouteCompilation?, _ state: inout State
    ) -> (report: Report, replacement: ActiveRoutes?) {
        switch verdict {
        case .replace(let table, let version, let warnings):
            let inForce = ActiveRoutes(table, version: version, metrics: metrics, before: state.table)
            state.table = inForce
            state.source = compilation.map { TableSource(fingerprint: $0.fingerprint, secretFiles: $0.secretFiles) }
            return (Report(version: version, routes: table.routes.count, problems: [], warnings: warnings), inForce)
        case .keep(let problems):
            let routes = state.table?.table.routes.count ?? 0
            let warnings = state.table == nil ? [] : compilation.map(restartWarnings) ?? []
            return (
                Report(version: state.reloader.status.version, routes: routes, problems: problems, warnings: warnings),
                nil
            )
        }
    }

    /// A variable that is set where somebody asks is still not set where the gateway was started.
    private func restartWarnings(_ compilation: RouteCompilation) -> [String] {
        guard configuration.options.secrets == .configured else { return [] }
        let missing = compilation.environmentNames.filter { (configuration.environment[$0] ?? "").isEmpty }
        guard let name = missing.first else { return [] }
        return [
            "the gateway knows the environment variables that it was started with: \(PrintableText.escape(name)) "
                + "needs a restart, a secret "
                + "from a 'file' does not"
        ]
    }

    // MARK: - Telling of it

    /// What is known already would hide what is new.
    private func logNew(_ warnings: [String]) {
        let known = state.withLock { state in
            defer { state.warnings = Set(warnings) }
            return state.warnings
        }
        for warning in warnings where !known.contains(warning) { logger.warning("\(warning)") }
    }

    @discardableResult
    private func log(_ report: Report, since started: Int64) -> Report {
        let milliseconds = (time.monotonicNanoseconds() - started) / 1_000_000
        guard report.problems.isEmpty else {
            for warning in report.warnings { logger.warning("\(warning)") }
            for problem in report.problems {
                logger.error(
                    "the route files cannot be put in force: \(problem)", metadata: .fields([.table: report.version]))
            }
            logger.error(
                "did not load the route files: the last good table stays in force",
                metadata: .fields([
                    .result: "failure", .table: report.version, .routes: report.routes, .count: report.problems.count,
                    .milliseconds: milliseconds,
                ]))
            return report
        }
        logNew(report.warnings)
        logger.notice(
            "loaded the route files",
            metadata: .fields([
                .result: "success", .table: report.version, .routes: report.routes, .count: 0,
                .milliseconds: milliseconds,
            ]))
        configuration.reloaded?(report)
        return report
    }
}
