internal import Logging
internal import ServiceLifecycle
internal import SluiceBase
internal import SluiceRouteFiles
internal import SluiceRoutes
internal import Synchronization

/// Watches the route files, the secrets and the certificate, and loads changes: the whole table or nothing.
///
/// An actor, so that loads run one at a time, and are published and logged in the order of their versions. Reading its
/// state does not wait.
actor RouteReloadService: Service {
    /// The receivers of its results.
    struct Publication: Sendable {
        /// Passes new routes to the loops.
        var publish: @Sendable (ActiveRoutes) -> Void
        /// Returns when all loops serve with the routes passed so far.
        var settle: @Sendable () async -> Void
        /// Called with each table that is loaded after the first.
        var reloaded: @Sendable (ReloadReport) -> Void = { _ in }
        /// Returns the notice for a route whose secrets have changed; `nil` for none.
        var secretsChanged: @Sendable (_ route: String) -> String? = { _ in nil }
    }

    /// The active routes and the result of the last load, at one time.
    struct Snapshot: Sendable {
        var status: RouteReloader.Status
        var routes: ActiveRoutes
        /// The compilation of the routes.
        var compilation: RouteCompilation
    }

    let certificate: CertificateKeeper?
    private let metrics: MetricsRegistry
    private let publication: Publication
    private let time: any TimeSource
    private let logger: Logger
    private let succeeded: Counter
    private let failed: Counter
    private let current: Mutex<Snapshot>
    /// The number of requested reloads.
    private let asked = Atomic(0)

    private var loader: RouteLoader
    /// The warnings of the active routes, which have been logged.
    private var warnings: Set<String>
    /// The last requested load, and the number of requests when it started.
    private var last: (asked: Int, report: ReloadReport)

    /// Loads the routes for the first time.
    ///
    /// - Throws: every problem, one line each, with exit status 1.
    init(
        _ loader: RouteLoader, certificate: CertificateKeeper?, metrics: MetricsRegistry, publication: Publication,
        time: any TimeSource, logger: Logger
    ) throws(StartupError) {
        var loader = loader
        let first: RouteReloader.Replacement
        switch loader.load() {
        case .replaced(let replacement): first = replacement
        case .kept(let problems, _): throw StartupError(.wrongInput, problems.joined(separator: "\n"))
        case .unchanged, .changing, .holding: preconditionFailure("a load that is asked for has a result")
        }
        self.loader = loader
        self.certificate = certificate
        self.metrics = metrics
        self.publication = publication
        self.time = time
        self.logger = logger
        succeeded = metrics.counter(.reloads, labels: ["success"])
        failed = metrics.counter(.reloads, labels: ["failure"])
        let routes = ActiveRoutes(first.table, version: first.version, metrics: metrics, before: nil)
        current = Mutex(Snapshot(status: loader.reloader.status, routes: routes, compilation: first.compilation))
        let warnings = first.warnings + SecretLearner.warnings(of: loader.options.learnt, in: first.table)
        self.warnings = Set(warnings)
        last = (0, .init(version: first.version, routes: first.table.routes.count, problems: [], warnings: []))
        succeeded.increment()
        for warning in warnings { logger.warning("\(warning)") }
    }

    /// Checks once a second until the service group stops it.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                // The interval of the checks; a cancelled sleep ends the loop.
                guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
                await checkForChanges()
            }
        }
    }

    // MARK: - The active table

    nonisolated var snapshot: Snapshot { current.withLock { $0 } }

    /// The active table's version, and why the files on disk are not loaded.
    nonisolated var status: RouteReloader.Status { snapshot.status }

    /// The routes for new requests.
    nonisolated var activeRoutes: ActiveRoutes { snapshot.routes }

    /// The snapshot, the comparison of the files on disk with it, and notices about the files, one line each.
    func snapshotAndFiles() -> (Snapshot, FolderSnapshot.Comparison, notices: [String]) {
        let snapshot = snapshot
        let mounted = MountedFiles.warnings(of: snapshot.compilation.files.sorted())
        let held = loader.reloader.held.map { held in
            "route files are missing: \(PrintableText.escape(held.files.joined(separator: ", "))); their routes are "
                + "kept for \(DurationText.format(.seconds(held.seconds))) more (routes_grace), or until a reload"
        }
        let notices = (certificate?.notices ?? []) + mounted.map(\.description) + [held].compactMap(\.self)
        return (snapshot, loader.compare(with: snapshot.compilation), notices)
    }

    // MARK: - Loading

    /// Starts a reload of everything, changed or not: SIGHUP.
    nonisolated func ask() { Task { [number = takeNumber()] in await reload(number) } }

    /// The same for `sluice reload`, which waits for the result. Later requests are served with the new table.
    nonisolated func reload() async -> ReloadReport { await reload(takeNumber()) }

    private nonisolated func takeNumber() -> Int { asked.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue }

    /// One load answers all earlier requests: for any number of them, one load runs and one follows.
    @discardableResult
    private func reload(_ number: Int) async -> ReloadReport {
        if number > last.asked {
            let count = asked.load(ordering: .acquiring)
            last = (count, reloadAll())
        }
        let report = last.report
        await publication.settle()
        return report
    }

    private func reloadAll() -> ReloadReport {
        let problem = certificate?.reload()
        let started = time.monotonicNanoseconds()
        var report = finish(loader.load(), since: started) ?? last.report
        report.certificateProblem = problem
        return report
    }

    func checkForChanges() {
        certificate?.checkForChanges()
        let started = time.monotonicNanoseconds()
        _ = finish(loader.checkForChanges(), since: started)
    }

    /// - Returns: `nil` if nothing was loaded.
    private func finish(_ outcome: RouteReloader.Outcome, since started: Int64) -> ReloadReport? {
        switch outcome {
        case .unchanged: return nil
        case .changing:
            logger.debug("the route files have changed; loading them if they are unchanged at the next check")
            return nil
        case .holding(let files):
            let names = PrintableText.escape(files.joined(separator: ", "))
            logger.warning(
                "route files are missing; keeping their routes for routes_grace or until a reload",
                metadata: .fields([.file: names, .milliseconds: loader.grace.wholeMilliseconds]))
            return nil
        case .replaced(let replacement): return use(replacement, since: started)
        case .kept(let problems, let compilation):
            return keep(problems, warnings: compilation.map(restartWarnings) ?? [], since: started)
        }
    }

    private func use(_ new: RouteReloader.Replacement, since started: Int64) -> ReloadReport {
        let routes = ActiveRoutes(new.table, version: new.version, metrics: metrics, before: activeRoutes)
        let changed = Self.routesWithOtherSecrets(new.compilation, than: snapshot.compilation)
        current.withLock {
            $0 = Snapshot(status: loader.reloader.status, routes: routes, compilation: new.compilation)
        }
        publication.publish(routes)
        succeeded.increment()
        let warnings = new.warnings + SecretLearner.warnings(of: loader.options.learnt, in: new.table)
        let report = ReloadReport(
            version: new.version, routes: new.table.routes.count, problems: [], warnings: warnings,
            notices: changed.compactMap(publication.secretsChanged))
        // Log only new warnings.
        for warning in warnings where !self.warnings.contains(warning) { logger.warning("\(warning)") }
        self.warnings = Set(warnings)
        log(report, since: started)
        for notice in report.notices ?? [] { logger.notice("\(notice)") }
        publication.reloaded(report)
        return report
    }

    private static func routesWithOtherSecrets(
        _ new: RouteCompilation, than before: RouteCompilation
    ) -> [String] {
        let known = Dictionary(
            before.details.map { ($0.summary.name, $0.summary.secrets) }, uniquingKeysWith: { first, _ in first })
        return new.details.map(\.summary).filter { $0.secrets?.isEmpty == false && known[$0.name] ?? nil != $0.secrets }
            .map(\.name)
    }

    private func keep(_ problems: [String], warnings: [String], since started: Int64) -> ReloadReport {
        current.withLock { $0.status = loader.reloader.status }
        failed.increment()
        let routes = activeRoutes
        let report = ReloadReport(
            version: routes.version, routes: routes.table.routes.count, problems: problems, warnings: warnings)
        for warning in warnings { logger.warning("\(warning)") }
        for problem in problems {
            logger.error(
                "cannot load the route files: \(problem)", metadata: .fields([.table: report.version]))
        }
        log(report, since: started)
        return report
    }

    private func log(_ report: ReloadReport, since started: Int64) {
        let isLoaded = report.problems.isEmpty
        logger.log(
            level: isLoaded ? .notice : .error,
            isLoaded ? "loaded the route files" : "reload failed; keeping the previous routes",
            metadata: .fields([
                .result: isLoaded ? "success" : "failure", .table: report.version, .routes: report.routes,
                .count: report.problems.count, .milliseconds: (time.monotonicNanoseconds() - started) / 1_000_000,
            ]))
    }

    /// A variable that is set for the reload command is still not set in the gateway's process.
    private func restartWarnings(_ compilation: RouteCompilation) -> [String] {
        guard loader.options.secrets == .configured else { return [] }
        let missing = compilation.environmentNames.filter { (loader.environment[$0] ?? "").isEmpty }
        guard let name = missing.first else { return [] }
        return [
            "environment variables are only read at start: a change of \(PrintableText.escape(name)) "
                + "requires a restart; a secret from a 'file' does not"
        ]
    }
}

/// The result of a reload.
package struct ReloadReport: Codable, Sendable, Hashable {
    /// The active table afterwards.
    package var version: Int
    package var routes: Int
    /// Why the files on disk are not loaded, one line each; empty if they are.
    package var problems: [String]
    package var warnings: [String]
    /// Why the certificate on disk is not loaded; nil if it is. Certificate and routes are loaded independently.
    package var certificateProblem: String?
    /// Routes whose secrets have changed and that have requests in the quarantine, a line each; nil from a gateway
    /// of an earlier version.
    package var notices: [String]? = []
}
