package import SluiceBase

/// Loads the route files: reads and compiles them as `RouteReloader` decides. Its functions block.
package struct RouteLoader: Sendable {
    package let folder: String
    package let options: RouteOptions
    package let environment: [String: String]
    package private(set) var reloader: RouteReloader
    /// How long the routes of a missing file are kept.
    package let grace: Duration
    private let time: any TimeSource

    /// - Parameter grace: how long the routes of a deleted file are kept, unless a load is requested.
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

    /// Checks for changes; to be called once a second.
    package mutating func checkForChanges() -> RouteReloader.Outcome {
        run(.looked(FolderListing(folder: folder, secretFiles: reloader.secretFiles)))
    }

    /// Loads immediately.
    package mutating func load() -> RouteReloader.Outcome { run(.requested) }

    private mutating func run(_ first: RouteReloader.Event) -> RouteReloader.Outcome {
        var event = first
        while true {
            switch reloader.handle(event, atMilliseconds: time.wallMilliseconds()) {
            case .read: event = .read(FolderSnapshot.read(folder: folder, secretFiles: reloader.secretFiles))
            case .compile(let snapshot):
                let compilation = snapshot.compile(folder: folder, environment: environment, options: options)
                event = .compiled(compilation, isStill: compare(with: compilation) == .same)
            case .done(let outcome): return outcome
            }
        }
    }

    /// Compares the files on disk with those of a compilation.
    package func compare(with compilation: RouteCompilation) -> FolderSnapshot.Comparison {
        FolderSnapshot.compare(
            folder: folder, with: compilation.fingerprint, secretFiles: compilation.secretFiles)
    }
}
