internal import SluiceBase
internal import SluiceRoutes

/// What a look at the routes folder sees without reading a file: cheap enough for once a second.
package struct FolderListing: Sendable, Hashable {
    struct Entry: Sendable, Hashable {
        let path: String
        /// `nil` where there is no such file, or it cannot be looked at.
        let status: FileAccess.Status?
    }

    let entries: [Entry]
    /// When it was taken, in milliseconds since the epoch.
    private let takenAtMilliseconds: Int64

    /// - Parameters:
    ///   - folder: the routes folder.
    ///   - secretFiles: the files besides, from `RouteCompilation.secretFiles`.
    package static func look(folder: String, secretFiles: [String], atMilliseconds now: Int64) -> FolderListing {
        // A folder that is gone has no entries: that is a change like any other.
        let names = (try? FileAccess.names(inFolder: folder)) ?? []
        let files = names.filter(RouteFiles.isWatched).map { RouteFiles.join(folder, $0) }
        let secrets = secretFiles.map { SecretFiles.resolve($0, in: folder) }
        let entries = (files + secrets).map { Entry(path: $0, status: try? FileAccess.status(of: $0)) }
        return FolderListing(entries: entries, takenAtMilliseconds: now)
    }

    init(entries: [Entry], takenAtMilliseconds: Int64) {
        self.entries = entries
        self.takenAtMilliseconds = takenAtMilliseconds
    }

    /// Whether names, sizes and times are those of another look. Where they are, contents are too, unless something is
    /// fresh.
    func shows(sameAs other: FolderListing) -> Bool { entries == other.entries }

    /// Whether something changed so short a time before the look that another change in the same tick of the file
    /// system's clock, in place and of the same size, would look the same.
    var hasFreshChange: Bool {
        let limit = (takenAtMilliseconds - 2000) * 1_000_000
        return entries.contains { entry in
            guard let status = entry.status else { return false }
            return max(status.modified, status.changed) > limit
        }
    }
}
