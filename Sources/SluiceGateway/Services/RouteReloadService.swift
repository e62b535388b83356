internal import Logging
internal import ServiceLifecycle
internal import SluiceBase
internal import SluiceNet
package import SluiceRoutes
internal import Synchronization

/// Watches the route files, the secrets and the certificate, and puts what changed in force: the whole table or nothing.
package final class RouteReloadService: Service {
    /// What a reload that somebody asked for came to.
    package struct Report: Sendable, Hashable {
        /// The table in force afterwards.
        package let version: Int
        package let routes: Int
        /// Why the files on disk are not in force, a line each; empty where they are.
        package let problems: [String]
        package let warnings: [String]
        /// Why the certificate on disk is not in force; nil where it is. Certificate and routes do not wait for each other.
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

    private struct State {
        var reloader = RouteReloader()
        var table: TableInForce?
        var secretFiles: [String] = []
        var environmentNames: [String] = []
    }

    private let configuration: Configuration
    private let certificate: CertificateKeeper?
    private let metrics: MetricsRegistry
    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())
    /// Held from reading the files to publishing the table, so that of two reloads at once the one that has read later wins.
    private let loading = Mutex(())
    private let publish = Mutex<@Sendable (TableInForce) -> Void>({ _ in })
    private let succeeded: Counter
    private let failed: Counter

    init(
        _ configuration: Configuration, certificate: CertificateKeeper?, metrics: MetricsRegistry, time: any TimeSource, logger: Logger
    ) {
        self.configuration = configuration
        self.certificate = certificate
        self.metrics = metrics
        self.time = time
        self.logger = logger
        succeeded = metrics.counter(.reloads, labels: ["success"])
        failed = metrics.counter(.reloads, labels: ["failure"])
    }

    /// Loads the routes for the first time.
    ///
    /// - Throws: every problem, a line each, with exit status 1.
    func start() throws(FatalProblem) -> TableInForce {
        let report = reload()
        guard let table = state.withLock({ $0.table }) else {
            throw FatalProblem(.wrongInput, report.problems.joined(separator: "\n"))
        }
        for warning in report.warnings { logger.warning("\(warning)") }
        return table
    }

    /// Says where new tables go; called once, when the loops are there.
    func publishes(to publish: @escaping @Sendable (TableInForce) -> Void) {
        self.publish.withLock { $0 = publish }
    }

    /// Reads everything anew, whatever has or has not changed: SIGHUP, `sluice reload`.
    @discardableResult
    package func reloadNow() -> Report {
        let problem = certificate?.reload()
        var report = log(reload())
        report.certificateProblem = problem
        return report
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
    var tableInForce: TableInForce? { state.withLock { $0.table } }

    // MARK: - One look

    private func look() {
        certificate?.look()
        let now = time.wallMilliseconds()
        let mustRead = state.withLock { state in
            let listing = FolderListing.look(
                folder: configuration.folder, secretFiles: state.secretFiles, atMilliseconds: now)
            return state.reloader.looked(at: listing) == .read
        }
        guard mustRead else { return }
        let report = loading.withLock { _ -> Report? in
            let snapshot = read()
            return state.withLock { $0.reloader.read(snapshot.fingerprint) == .load } ? load(snapshot) : nil
        }
        if let report { _ = log(report) }
    }

    private func reload() -> Report {
        loading.withLock { _ in
            _ = state.withLock { $0.reloader.requested() }
            return load(read())
        }
    }

    private func read() -> FolderSnapshot {
        FolderSnapshot.read(folder: configuration.folder, secretFiles: state.withLock { $0.secretFiles })
    }

    private func load(_ snapshot: FolderSnapshot) -> Report {
        let compilation = snapshot.compile(
            folder: configuration.folder, environment: configuration.environment, options: configuration.options)
        let (report, replacement) = state.withLock { state in decide(compilation, &state) }
        if let replacement { publish.withLock { $0 }(replacement) }
        (report.problems.isEmpty ? succeeded : failed).increment()
        return report
    }

    private func decide(_ compilation: RouteCompilation, _ state: inout State) -> (Report, TableInForce?) {
        // Files that only a broken table names are watched too: mending one of them must be seen.
        state.secretFiles = Array(Set(compilation.secretFiles + (compilation.table == nil ? state.secretFiles : []))).sorted()
        state.environmentNames = compilation.environmentNames
        let verdict = state.reloader.compiled(compilation, inForce: state.table?.table, atMilliseconds: time.wallMilliseconds())
        switch verdict {
        case .replace(let table, let version, let warnings):
            let inForce = TableInForce(table, version: version, metrics: metrics, before: state.table)
            state.table = inForce
            return (Report(version: version, routes: table.routes.count, problems: [], warnings: warnings), inForce)
        case .keep(let problems):
            let routes = state.table?.table.routes.count ?? 0
            return (Report(version: state.reloader.status.version, routes: routes, problems: problems, warnings: []), nil)
        }
    }

    private func log(_ report: Report) -> Report {
        for warning in report.warnings { logger.warning("\(warning)") }
        for problem in report.problems {
            logger.error("the route files cannot be put in force: \(problem)", metadata: .fields([.table: report.version]))
        }
        if report.problems.isEmpty {
            logger.notice("loaded the route files", metadata: .fields([.table: report.version, .routes: report.routes]))
            configuration.reloaded?(report)
        }
        return report
    }
}
