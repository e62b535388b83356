internal import SluiceBase
package import SluiceRoutes

/// Decides when the route files are loaded again, and whether what was loaded is used. State machine without I/O and
/// without a clock.
///
/// It compares contents by their fingerprints. Files are read when a name, a size or a time has changed, and every ten
/// looks whatever these say. A change is loaded when two looks in a row have read the same, so that a file half
/// written, an editor's rename and a mounted folder's swap each come out as one load of the whole. What was compiled is
/// compared with the disk once more before it is used, also where a load was asked for: files that change while they
/// are read are never loaded half old, half new.
///
/// A route file that disappears with its routes may come back, as in a slow `git pull`: unless a load is asked for, the
/// previous routes stay for a grace time, and other changes wait with it.
package struct RouteReloader: Sendable {
    package enum Event: Sendable {
        /// A second has passed, and this is what there is now.
        case looked(FolderListing)
        /// SIGHUP or the command line asks for a load, whatever has or has not changed.
        case requested
        /// The files were read.
        case read(FolderSnapshot)
        /// What was read is compiled; `isStill` says whether the files on disk are still those that were compiled.
        case compiled(RouteCompilation, isStill: Bool)
    }

    package enum Action: Sendable {
        /// Do nothing until the next look or request.
        case wait
        /// As `wait`: something has changed, and is loaded if the next look reads the same.
        case confirm
        /// Read the routes folder and the files of `secretFiles`; then `read`.
        case read
        /// Compile this, and compare the disk with it; then `compiled`.
        case compile(FolderSnapshot)
        /// Serve with another table.
        case replace(Replacement)
        /// Keep the previous routes for the grace time, because these files are missing; log it.
        case hold([String])
        /// Keep the previous routes; log and show why. The compilation that failed, where the files stopped changing.
        case keep([String], of: RouteCompilation?)
    }

    /// A table that was loaded.
    package struct Replacement: Sendable {
        package let table: RouteTable
        package let version: Int
        /// Sentences for the log.
        package let warnings: [String]
        /// What it was made from.
        package let compilation: RouteCompilation
    }

    /// The result of the last load, for metrics and `sluice routes`.
    package struct Status: Sendable, Hashable {
        /// Counts the tables that were loaded, from 1; 0 before the first.
        package fileprivate(set) var version = 0
        /// When the active table was loaded, and when a load was last tried, in milliseconds since the epoch.
        package fileprivate(set) var loadedAtMilliseconds: Int64?
        package fileprivate(set) var triedAtMilliseconds: Int64?
        /// Why the last load failed, a line each; empty if it did not.
        package fileprivate(set) var problems: [String] = []
    }

    private enum Phase: Sendable {
        case idle
        /// These contents are new and have been read once.
        case confirming(Fingerprint)
        /// A load was asked for. How often the files were read for it.
        case requested(readings: Int)
    }

    package private(set) var status = Status()
    /// The secret files to watch, as the route files name them. Those that only a broken table names are among them: a
    /// change of one of them must be seen.
    package private(set) var secretFiles: [String] = []
    /// The active table.
    package private(set) var table: RouteTable?

    /// Files of the active table that are missing with their routes.
    private struct Absence: Sendable {
        var files: Set<String> = []
        /// Looks since the last of them disappeared.
        var looks = 0
        /// What was compiled without them: tried again after the grace time.
        var tried: Set<Fingerprint> = []
    }

    private var phase = Phase.idle
    private let graceLooks: Int
    /// The files of the active table.
    private var files: Set<String> = []
    private var absence: Absence?
    /// What the last look found; nil if the next look reads whatever it finds.
    private var listing: FolderListing?
    private var looksSinceReading = 0
    private var lastRead: Fingerprint?
    /// What the last load, good or bad, was made from: it is not tried again until something changes. Two, where the
    /// files that are watched are not just those that were compiled.
    private var tried: Set<Fingerprint> = []

    /// Looks after which the files are read although nothing about them has changed.
    private static let looksBetweenReadings = 10
    /// How often a load that was asked for reads files that change all the time.
    private static let mostReadings = 10

    /// - Parameter grace: how long the routes of a missing file stay, in whole looks of a second.
    package init(grace: Duration = .zero) { graceLooks = Int(grace.components.seconds) }

    /// - Parameter now: the wall clock in milliseconds since the epoch, for `status`.
    package mutating func handle(_ event: Event, atMilliseconds now: Int64) -> Action {
        switch event {
        case .looked(let listing): return looked(at: listing)
        case .requested:
            phase = .requested(readings: 0)
            return .read
        case .read(let snapshot): return read(snapshot)
        case .compiled(let compilation, isStill: true): return finish(compilation, atMilliseconds: now)
        case .compiled(_, isStill: false): return changedMeanwhile(atMilliseconds: now)
        }
    }

    private mutating func looked(at listing: FolderListing) -> Action {
        defer { self.listing = listing }
        looksSinceReading += 1
        if isGraceOver() { return .read }
        if case .confirming = phase { return .read }
        return listing != self.listing || looksSinceReading >= Self.looksBetweenReadings ? .read : .wait
    }

    private mutating func read(_ snapshot: FolderSnapshot) -> Action {
        looksSinceReading = 0
        lastRead = snapshot.fingerprint
        if let absence, files.isSubset(of: snapshot.files.map(\.name)) {
            tried.subtract(absence.tried)
            self.absence = nil
        }
        if case .requested(let readings) = phase {
            phase = .requested(readings: readings + 1)
            return .compile(snapshot)
        }
        guard !tried.contains(snapshot.fingerprint) else {
            phase = .idle
            return .wait
        }
        if case .confirming(snapshot.fingerprint) = phase { return .compile(snapshot) }
        phase = .confirming(snapshot.fingerprint)
        return .confirm
    }

    /// What was compiled is not what is there now: it is not used, and the next look reads again.
    private mutating func changedMeanwhile(atMilliseconds now: Int64) -> Action {
        listing = nil
        guard case .requested(let readings) = phase else {
            phase = .idle
            return .wait
        }
        guard readings >= Self.mostReadings else { return .read }
        phase = .idle
        tried = []
        status.triedAtMilliseconds = now
        return keep(["the files changed each time they were read; they are loaded when they stop changing"], of: nil)
    }

    /// Counts a look while files are missing: whether it is the last one, after which they are loaded as they are.
    private mutating func isGraceOver() -> Bool {
        absence?.looks += 1
        guard let absence, absence.looks == graceLooks else { return false }
        tried.subtract(absence.tried)
        return true
    }

    /// The files that are missing with their routes, while the grace time lasts.
    private mutating func hold(_ compilation: RouteCompilation) -> [String]? {
        guard let table, let new = compilation.table, graceLooks > 0, !table.namesMissing(from: new).isEmpty else {
            return nil
        }
        let missing = files.subtracting(compilation.files)
        var absence = absence ?? Absence()
        if !missing.isSubset(of: absence.files) { absence.looks = 0 }
        guard !missing.isEmpty, absence.looks < graceLooks else { return nil }
        absence.files = missing
        absence.tried.formUnion([compilation.fingerprint, lastRead].compactMap { $0 })
        self.absence = absence
        tried.formUnion(absence.tried)
        return missing.sorted()
    }

    private mutating func finish(_ compilation: RouteCompilation, atMilliseconds now: Int64) -> Action {
        if case .confirming = phase, let missing = hold(compilation) {
            phase = .idle
            return .hold(missing)
        }
        phase = .idle
        absence = nil
        tried = Set([compilation.fingerprint, lastRead].compactMap { $0 })
        let watched = compilation.table == nil ? secretFiles : []
        secretFiles = Array(Set(compilation.secretFiles + watched)).sorted()
        status.triedAtMilliseconds = now
        guard let new = compilation.table else { return keep(compilation.problems.map(\.description), of: compilation) }
        if new.routes.isEmpty, let table {
            let kept = table.routes.isEmpty ? "" : "; keeping the previous routes"
            return keep(["the route files contain no routes\(kept)"], of: compilation)
        }
        status.version += 1
        status.loadedAtMilliseconds = now
        status.problems = []
        let missing = table?.namesMissing(from: new) ?? []
        table = new
        files = compilation.files
        return .replace(
            Replacement(
                table: new, version: status.version,
                warnings: compilation.warnings.map(\.description) + missing.map(Self.warning(ofMissing:)),
                compilation: compilation))
    }

    private mutating func keep(_ problems: [String], of compilation: RouteCompilation?) -> Action {
        status.problems = problems
        return .keep(problems, of: compilation)
    }

    private static func warning(ofMissing name: String) -> String {
        "the route '\(PrintableText.escape(name))' no longer exists: its unique keys only apply to a route of the same "
            + "name"
    }
}
