package import SluiceBase

/// Loads the route files: reads and compiles as `RouteReloader` decides. Its functions block.
package struct RouteLoader: Sendable {
    /// What one look or one request has led to.
    package enum Outcome: Sendable {
        case unchanged
        /// Something has changed, and is loaded if the next look reads the same.
        case changing
        /// The previous routes stay for the grace time, because these files are missing.
        case holding([String])
        case replaced(RouteReloader.Replacement)
        /// The previous routes stay, for these reasons. The compilation that failed, where the files stopped changing.
        case kept([String], of: RouteCompilation?)
    }

    package let folder: String
    package let options: RouteOptions
    package let environment: [String: String]
    package private(set) var reloader: RouteReloader
    /// How long the routes of a missing file stay.
    package let grace: Duration
    private let time: any TimeSource

    /// - Parameters:
    ///   - folder: the routes folder.
    ///   - environment: where routes find the secrets that they name by `env:`.
    ///   - grace: how long the routes of a file that disappears stay, unless a load is asked for.
    package init(
        folder: String, options: RouteOptions, environment: [String: String], grace: Duration = .zero,
        time: any TimeSource
    ) {
        self.grace = grace
        reloader = RouteReloader(grace: grace)
        self.folder = folder
        self.options = options
        self.environment = environment
        self.time = time
    }

    /// Looks whether something has changed; to be called once a second.
    package mutating func look() -> Outcome {
        run(.looked(FolderListing(folder: folder, secretFiles: reloader.secretFiles)))
    }

    /// Loads at once.
    package mutating func load() -> Outcome { run(.requested) }

    private mutating func run(_ first: RouteReloader.Event) -> Outcome {
        var event = first
        while true {
            switch reloader.handle(event, atMilliseconds: time.wallMilliseconds()) {
            case .wait: return .unchanged
            case .confirm: return .changing
            case .read: event = .read(FolderSnapshot.read(folder: folder, secretFiles: reloader.secretFiles))
            case .compile(let snapshot):
                let compilation = snapshot.compile(folder: folder, environment: environment, options: options)
                event = .compiled(compilation, isStill: compare(with: compilation) == .same)
            case .hold(let files): return .holding(files)
            case .keep(let problems, let compilation): return .kept(problems, of: compilation)
            case .replace(let replacement): return .replaced(replacement)
            }
        }
    }

    /// How the files on disk compare with those of a compilation.
    package func compare(with compilation: RouteCompilation) -> FolderSnapshot.Comparison {
        FolderSnapshot.compare(
            folder: folder, with: compilation.fingerprint, secretFiles: compilation.secretFiles)
    }
}
