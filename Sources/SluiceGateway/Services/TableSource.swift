internal import SluiceBase
internal import SluiceRouteFiles
internal import SluiceRoutes

/// What a table was made from, for telling whether it is still what is there.
struct TableSource: Sendable, Hashable {
    /// How the files on disk compare with the current table.
    enum Files: String, Sendable {
        case inForce = "in_force"
        /// They say something else: what has not been loaded yet, or cannot be.
        case changed
        /// The folder or a file in it cannot be read.
        case unreadable
    }

    let fingerprint: Fingerprint
    /// As the routes name them.
    let secretFiles: [String]

    /// Reads everything again and compares it. Blocking.
    func compare(folder: String) -> Files {
        let snapshot = FolderSnapshot.read(folder: folder, secretFiles: secretFiles)
        if snapshot.fingerprint == fingerprint { return .inForce }
        return snapshot.problems.isEmpty ? .changed : .unreadable
    }
}
