package import SluiceBase
package import SluiceRoutes

/// When the route files are loaded again, and whether the result is used. No I/O and no clock of its own.
///
/// Each second the service takes a `FolderListing` and gives it here; only what this asks for is read. A change is
/// loaded when two looks in a row have read the same contents, so that a file half written, an editor's rename and a
/// mounted folder's swap each come out as one load of the whole. What was read is compared once more when it has been
/// compiled, also where a load was asked for: files that change while they are read are never loaded half old, half
/// new.
package struct RouteReloader: Sendable {
    /// What to do after a look.
    package enum LookAction: Sendable, Hashable {
        case wait
        /// Read a `FolderSnapshot` and give it to `read(_:)`.
        case read
    }

    /// What to do after a reading.
    package enum ReadAction: Sendable, Hashable {
        case wait
        /// Something is new: it is loaded if the next look reads the same.
        case lookAgain
        /// Compile the snapshot that was just given, and give the result to `compiled(_:inForce:at:)`, or, where the
        /// files are not any more what was compiled, say so by `changedMeanwhile()` after a look, by
        /// `neverStill(atMilliseconds:)` where it was asked for.
        case load
    }

    /// The result of a load.
    package enum Verdict: Sendable {
        /// Use it, as this version. Sentences to log as warnings go with it.
        case replace(RouteTable, version: Int, warnings: [String])
        /// Leave everything as it is; log and show why.
        case keep([String])
    }

    /// What the last load came to, for metrics and status requests.
    package struct Status: Sendable, Hashable {
        /// Counts the loaded tables, from 1; 0 before the first.
        package internal(set) var version = 0
        /// When the current table was loaded, and when a load was last tried, in milliseconds since the epoch.
        package internal(set) var loadedAtMilliseconds: Int64?
        package internal(set) var triedAtMilliseconds: Int64?
        /// Why the last load failed, a line each; empty if it was.
        package internal(set) var problems: [String] = []
    }

    package private(set) var status = Status()
    /// What the last load, good or bad, was made from: it is not tried again until something changes. Two, where the
    /// files that are watched are not just those that were compiled.
    private var tried: Set<Fingerprint> = []
    /// The contents of the last reading after a look; `nil` after a load that was asked for, which reads for itself.
    private var lastRead: Fingerprint?
    private var lastListing: FolderListing?
    /// Contents that are not among `tried` and have been read once.
    private var pending: Fingerprint?

    package init() {}

    /// A look at the folder was taken.
    package mutating func looked(at listing: FolderListing) -> LookAction {
        defer { lastListing = listing }
        if pending != nil || listing.hasFreshChange { return .read }
        guard let lastListing, listing.shows(sameAs: lastListing) else { return .read }
        return .wait
    }

    /// The contents were read after a look.
    package mutating func read(_ fingerprint: Fingerprint) -> ReadAction {
        lastRead = fingerprint
        if tried.contains(fingerprint) {
            pending = nil
            return .wait
        }
        guard fingerprint == pending else {
            pending = fingerprint
            return .lookAgain
        }
        pending = nil
        return .load
    }

    /// What was compiled after a look differs from the current files: it is not used, and the next look reads again.
    package mutating func changedMeanwhile() {
        pending = nil
        lastListing = nil
    }

    /// A load that was asked for has found other contents each time it read: nothing is loaded until a look finds
    /// them still.
    package mutating func neverStill(atMilliseconds now: Int64) -> Verdict {
        tried = []
        changedMeanwhile()
        status.triedAtMilliseconds = now
        return keep(["the files changed each time they were read; they are loaded when they stop changing"])
    }

    /// A load was asked for, by SIGHUP or the command line: read and compile at once, whatever has or has not changed.
    package mutating func requested() -> ReadAction {
        pending = nil
        lastRead = nil
        return .load
    }

    /// A snapshot was compiled.
    ///
    /// - Parameter inForce: the table that is served now; `nil` at the start.
    package mutating func compiled(
        _ compilation: RouteCompilation, inForce: RouteTable?, atMilliseconds now: Int64
    ) -> Verdict {
        tried = Set([compilation.fingerprint, lastRead].compactMap { $0 })
        status.triedAtMilliseconds = now
        guard let table = compilation.table else { return keep(compilation.problems.map(\.description)) }
        if table.routes.isEmpty, inForce?.routes.isEmpty == false {
            return keep(["the route files contain no routes; keeping the previous routes"])
        }
        status.version += 1
        status.loadedAtMilliseconds = now
        status.problems = []
        return .replace(table, version: status.version, warnings: warnings(compilation, table, inForce))
    }

    private mutating func keep(_ problems: [String]) -> Verdict {
        status.problems = problems
        return .keep(problems)
    }

    private func warnings(_ compilation: RouteCompilation, _ table: RouteTable, _ inForce: RouteTable?) -> [String] {
        let missing = inForce?.namesMissing(from: table) ?? []
        return compilation.warnings.map(\.description)
            + missing.map {
                "the route '\(PrintableText.escape($0))' no longer exists: its unique keys no longer "
                    + "apply"
            }
    }
}
