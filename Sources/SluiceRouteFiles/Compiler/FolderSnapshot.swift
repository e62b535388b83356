package import SluiceBase
internal import SluiceCrypto
internal import SluiceRoutes

/// The contents of the routes folder and of the secret files at one time: what is compiled is exactly what was
/// compared.
package struct FolderSnapshot: Sendable {
    package let files: [RouteFile]
    /// The folder or a file of it could not be read.
    package let problems: [Diagnostic]
    /// What is unfavourable about the files themselves, whatever they contain.
    let warnings: [Diagnostic]
    /// Changes exactly when a name or a content does.
    package let fingerprint: Fingerprint
    /// By path as the route files write it.
    private let secrets: [String: Result<[UInt8], FileAccess.AccessError>]

    /// Compiles what was read. Secret files that the routes name and that were not among those to be read are read now.
    package func compile(folder: String, environment: [String: String], options: RouteOptions) -> RouteCompilation {
        RouteTable.compile(
            files, readingProblems: problems, readingWarnings: warnings,
            secretFiles: SecretFiles(folder: folder, known: secrets),
            environment: environment,
            options: options)
    }

    /// How the files on disk compare with those that something was compiled from.
    package enum Comparison: Sendable {
        case same
        /// They say something else.
        case changed
        /// The folder or a file in it cannot be read.
        case unreadable
    }

    /// Reads everything and compares it with what was compiled. Blocking.
    ///
    /// Where it is the same, no mounted folder was swapped and no file written while one after the other was read: what
    /// was compiled was there at one time.
    ///
    /// - Parameters:
    ///   - fingerprint: of the compilation.
    ///   - secretFiles: those that it has read.
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

    /// Over names and contents, each with its length; a file that cannot be read counts as such.
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

/// What a look at the routes folder sees without reading a file: names, sizes and times. Cheap enough for once a
/// second.
package struct FolderListing: Sendable, Hashable {
    private struct Entry: Sendable, Hashable {
        let path: String
        /// `nil` where there is no such file, or it cannot be looked at.
        let status: FileAccess.Status?
    }

    private let entries: [Entry]

    /// Looks at every route file and every secret file. Blocking.
    ///
    /// - Parameters:
    ///   - folder: the routes folder.
    ///   - secretFiles: as the route files name them.
    package init(folder: String, secretFiles: [String]) {
        // A folder that is gone has no entries: that is a change like any other.
        let names = (try? FileAccess.names(inFolder: folder)) ?? []
        let files = names.filter(RouteFiles.isWatched).map { RouteFiles.join(folder, $0) }
        let secrets = secretFiles.map { SecretFiles.resolve($0, in: folder) }
        entries = (files + secrets).map { Entry(path: $0, status: try? FileAccess.status(of: $0)) }
    }
}

/// Route files that are mounted by themselves, as a container can have them. Such a mount is of one inode: a file that
/// an editor or git puts in its place on the host is not seen.
package enum MountedFiles {
    private static let advice = "mount the folder that contains it instead"

    /// A warning for each of these files that is mounted by itself. Blocking.
    package static func warnings(of files: some Sequence<String>) -> [Diagnostic] {
        warnings(of: files, in: .current()) { (try? FileAccess.resolve($0)) ?? $0 }
    }

    /// - Parameter resolve: a path without links.
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
            ? "the file is mounted by itself and has been replaced or deleted where it comes from, so this is an old "
                + "version of it: \(advice), and restart the container"
            : "the file is mounted by itself, so a new file that an editor or git puts in its place is not seen: "
                + advice
        return Diagnostic(file: file, line: 1, column: 1, severity: .warning, message: message)
    }
}
