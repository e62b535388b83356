internal import SluiceBase
package import SluiceRoutes

/// Decides when the route files are loaded again, and whether the result is used. State machine without I/O or a clock.
///
/// It compares contents by their fingerprints. Files are read when a name, a size or a time has changed, and in any
/// case at every tenth check. A change is loaded after two consecutive checks have read the same, so that a partly
/// written file, an editor's rename and a mounted folder's swap each result in one complete load. The compiled files
/// are compared with the disk once more before they are used, even for a requested load: files that change while they
/// are read are never loaded half old, half new.
///
/// A deleted route file may come back with its routes, as in a slow `git pull`: unless a load is requested, the
/// previous routes are kept for a grace time, and other changes wait with it.
package struct RouteReloader: Sendable {
    /// What has happened.
    package enum Event: Sendable {
        /// A second has passed, with these files on disk.
        case looked(FolderListing)
        /// SIGHUP or the command line requests a load, with or without a change.
        case requested
        /// The files were read.
        case read(FolderSnapshot)
        /// The files were compiled; `isStill` is whether the files on disk are still the same.
        case compiled(RouteCompilation, isStill: Bool)
    }

    /// What the caller does next; its result is the next event.
    package enum Action: Sendable {
        /// Read the routes folder and the files of `secretFiles`; then `read`.
        case read
        /// Compile this, and compare the disk with it; then `compiled`.
        case compile(FolderSnapshot)
        /// Log and show the result; do nothing until the next check or request.
        case done(Outcome)
    }

    /// The result of a check or a request.
    package enum Outcome: Sendable {
        case unchanged
        /// Something has changed, and is loaded if the next check reads the same.
        case changing
        /// The previous routes are kept for the grace time, because these files are missing.
        case holding([String])
        case replaced(Replacement)
        /// The previous routes are kept, for these reasons. The failed compilation, if the files have stopped changing.
        case kept([String], of: RouteCompilation?)
    }

    /// A table that was loaded.
    package struct Replacement: Sendable {
        package let table: RouteTable
        package let version: Int
        /// Sentences for the log.
        package let warnings: [String]
        /// The compilation of the table.
        package let compilation: RouteCompilation
    }

    /// The result of the last load, for metrics and `sluice routes`.
    package struct Status: Sendable, Hashable {
        /// Counts the loaded tables, from 1; 0 before the first.
        package fileprivate(set) var version = 0
        /// When the active table was loaded, and when a load was last attempted, in milliseconds since 1970.
        package fileprivate(set) var loadedAtMilliseconds: Int64?
        package fileprivate(set) var triedAtMilliseconds: Int64?
        /// The errors of the last load, one per line; empty after a success.
        package fileprivate(set) var problems: [String] = []
    }

    private enum Phase: Sendable {
        case idle
        /// These contents are new and have been read once.
        case confirming(Fingerprint)
        /// A load was requested. The number of readings for it.
        case requested(readings: Int)
    }

    package private(set) var status = Status()
    /// The secret files to watch, with their names in the route files. Includes those of a broken table, because a
    /// change of one of them must be detected.
    package private(set) var secretFiles: [String] = []
    /// The active table.
    package private(set) var table: RouteTable?

    /// Files of the active table that are missing with their routes.
    private struct Absence: Sendable {
        var files: Set<String> = []
        /// The number of checks since the last of them disappeared.
        var looks = 0
        /// The contents compiled without them, to be retried after the grace time.
        var tried: Set<Fingerprint> = []
    }

    /// The files that are missing while their routes are kept, and for how many more seconds; `nil` if there are none.
    package var held: (files: [String], seconds: Int)? {
        guard let absence, absence.looks < graceLooks else { return nil }
        return (absence.files.sorted(), graceLooks - absence.looks)
    }

    private var phase = Phase.idle
    private let graceLooks: Int
    /// The files of the active table.
    private var files: Set<String> = []
    private var absence: Absence?
    /// The result of the last check; `nil` makes the next check read the files in any case.
    private var listing: FolderListing?
    private var looksSinceReading = 0
    private var lastRead: Fingerprint?
    /// The contents of the last load, successful or not: it is not retried until something changes. Two, if the watched
    /// files are not the same as the compiled ones.
    private var tried: Set<Fingerprint> = []

    /// The number of checks after which the files are read without a change of their metadata.
    private static let looksBetweenReadings = 10
    /// The maximum number of readings for a requested load of files that keep changing.
    private static let maximumReadings = 10

    /// - Parameter grace: how long the routes of a missing file are kept, in whole checks of a second.
    package init(grace: Duration = .zero) { graceLooks = Int(grace.components.seconds) }

    /// - Parameter now: the wall clock in milliseconds since 1970, for `status`.
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
        return listing != self.listing || looksSinceReading >= Self.looksBetweenReadings ? .read : .done(.unchanged)
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
            return .done(.unchanged)
        }
        if case .confirming(snapshot.fingerprint) = phase { return .compile(snapshot) }
        phase = .confirming(snapshot.fingerprint)
        return .done(.changing)
    }

    /// The compiled files have changed in the meantime: they are not used, and the next check reads again.
    private mutating func changedMeanwhile(atMilliseconds now: Int64) -> Action {
        listing = nil
        guard case .requested(let readings) = phase else {
            phase = .idle
            return .done(.unchanged)
        }
        guard readings >= Self.maximumReadings else { return .read }
        phase = .idle
        tried = []
        status.triedAtMilliseconds = now
        return keep(["the files changed each time they were read; they are loaded when they stop changing"], of: nil)
    }

    /// Counts a check while files are missing. Returns whether it is the last one, after which the rest is loaded.
    private mutating func isGraceOver() -> Bool {
        absence?.looks += 1
        guard let absence, absence.looks == graceLooks else { return false }
        tried.subtract(absence.tried)
        return true
    }

    /// The files that are missing with their routes, during the grace time.
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
            return .done(.holding(missing))
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
        let warnings = compilation.warnings.map(\.description) + missing.map(Self.warning(ofMissing:))
        return .done(
            .replaced(
                Replacement(table: new, version: status.version, warnings: warnings, compilation: compilation)))
    }

    private mutating func keep(_ problems: [String], of compilation: RouteCompilation?) -> Action {
        status.problems = problems
        return .done(.kept(problems, of: compilation))
    }

    private static func warning(ofMissing name: String) -> String {
        "the route '\(PrintableText.escape(name))' no longer exists: its unique keys and quarantined requests "
            + "belong to that name"
    }
}
