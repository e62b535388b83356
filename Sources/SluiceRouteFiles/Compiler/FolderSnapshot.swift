package import SluiceBase
internal import SluiceCrypto
internal import SluiceRoutes

/// The contents of the routes folder and of the secret files at one time: exactly what was compared is compiled.
package struct FolderSnapshot: Sendable {
    package let files: [RouteFile]
    /// Errors of reading the folder or a file.
    package let problems: [Diagnostic]
    /// Problems of the files themselves, independent of their contents.
    let warnings: [Diagnostic]
    /// Changes exactly if a name or a content changes.
    package let fingerprint: Fingerprint
    /// By the path in the route files.
    private let secrets: [String: Result<[UInt8], FileAccess.AccessError>]

    /// Compiles the snapshot. Secret files of the routes that are not part of it are read now.
    package func compile(folder: String, environment: [String: String], options: RouteOptions) -> RouteCompilation {
        RouteTable.compile(
            files, readingProblems: problems, readingWarnings: warnings,
            secretFiles: SecretFiles(folder: folder, known: secrets),
            environment: environment,
            options: options)
    }

    /// The result of comparing the files on disk with those of a compilation.
    package enum Comparison: Sendable {
        case same
        /// Their contents differ.
        case changed
        /// The folder or a file in it cannot be read.
        case unreadable
    }

    /// Reads everything and compares it with a compilation. Blocking.
    ///
    /// If it is the same, no mounted folder was swapped and no file was written while the files were read: all of it
    /// existed at one time.
    package static func compare(
        folder: String, with fingerprint: Fingerprint, secretFiles: [String]
    ) -> Comparison {
        let snapshot = read(folder: folder, secretFiles: secretFiles)
        if snapshot.fingerprint == fingerprint { return .same }
        return snapshot.problems.isEmpty ? .changed : .unreadable
    }

    /// Reads everything. Blocking.
    package static func read(folder: String, secretFiles paths: [String]) -> FolderSnapshot {
        let secrets = SecretFiles(folder: folder)
        let known = Dictionary(paths.map { ($0, secrets.content(of: $0)) }) { first, _ in first }
        let (files, problems) = contents(of: folder)
        return FolderSnapshot(
            files: files, problems: problems, warnings: MountedFiles.warnings(of: files.map(\.name)),
            fingerprint: fingerprint(of: files, secrets, problems), secrets: known)
    }

    private static func contents(of folder: String) -> ([RouteFile], [Diagnostic]) {
        do {
            return (try RouteFiles.read(folder: folder), [])
        } catch {
            return (error.files, error.problems)
        }
    }

    /// Over names and contents, each with its length, and over errors of reading files.
    static func fingerprint(of files: [RouteFile], _ secrets: SecretFiles, _ problems: [Diagnostic] = [])
        -> Fingerprint
    {
        var bytes: [UInt8] = []
        for file in files.sorted(by: { $0.name < $1.name }) {
            append("file \(file.name.utf8.count) \(file.name) ", file.contentHash, to: &bytes)
        }
        for path in secrets.paths {
            switch secrets.content(of: path) {
            case .success(let content):
                append("secret \(path.utf8.count) \(path) ", hash(content), to: &bytes)
            case .failure(let failure): bytes += Array("missing \(path.utf8.count) \(path) \(failure)".utf8)
            }
        }
        for problem in problems { bytes += Array("problem \(problem)".utf8) }
        return hash(bytes)
    }

    private static func append(_ text: String, _ hash: Fingerprint, to bytes: inout [UInt8]) {
        bytes += Array(text.utf8)
        bytes += hash.bytes
    }

    private static func hash(_ bytes: [UInt8]) -> Fingerprint {
        let digest = Hash.digest(.sha256, bytes.span)
        return Fingerprint(digest.span)
    }
}

/// The metadata of the routes folder without file contents: names, sizes and times. Fast enough for once a second.
package struct FolderListing: Sendable, Hashable {
    private struct Entry: Sendable, Hashable {
        let path: String
        /// `nil` if the file does not exist or has no readable metadata.
        let status: FileAccess.Status?
    }

    private let entries: [Entry]

    /// Reads the metadata of all route files and secret files. Blocking.
    package init(folder: String, secretFiles: [String]) {
        // A deleted folder has no entries: that is a change like any other.
        let names = (try? FileAccess.names(inFolder: folder)) ?? []
        let files = names.filter(RouteFiles.isWatched).map { RouteFiles.join(folder, $0) }
        let secrets = secretFiles.map { SecretFiles.resolve($0, in: folder) }
        entries = (files + secrets).map { Entry(path: $0, status: try? FileAccess.status(of: $0)) }
    }
}

/// Route files that are mounted as single files, as containers can have them. Such a mount belongs to one inode: a file
/// that an editor or git creates in its place on the host is not seen.
package enum MountedFiles {
    private static let advice = "mount the folder that contains it instead"

    /// A warning for each of these files that is mounted as a single file. Blocking.
    package static func warnings(of files: some Sequence<String>) -> [Diagnostic] {
        warnings(of: files, in: .current()) { (try? FileAccess.resolve($0)) ?? $0 }
    }

    /// - Parameter resolve: returns a path without links.
    static func warnings(
        of files: some Sequence<String>, in table: MountTable, resolve: (String) -> String
    ) -> [Diagnostic] {
        let mounts = Dictionary(table.mounts.map { ($0.point, $0) }) { _, later in later }
        return files.compactMap { file in
            mounts[resolve(file)].map { warning(of: file, isReplaced: $0.root.hasSuffix("//deleted")) }
        }
    }

    private static func warning(of file: String, isReplaced: Bool) -> Diagnostic {
        let message =
            isReplaced
            ? "the file is mounted as a single file and was replaced or deleted on the host; the container still sees "
                + "the old version: \(advice), and restart the container"
            : "the file is mounted as a single file; if an editor or git replaces it on the host, the container still "
                + "sees the old version: \(advice)"
        return Diagnostic(file: file, line: 1, column: 1, severity: .warning, message: message)
    }
}
