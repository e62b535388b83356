package import SluiceBase
internal import SluiceCrypto
internal import SluiceRoutes

/// The contents of the routes folder and of the secret files at one time: what is compiled is exactly what was
/// compared.
package struct FolderSnapshot: Sendable {
    package let files: [RouteFile]
    /// The folder or a file of it could not be read.
    package let problems: [RouteProblem]
    /// Changes exactly when a name or a content does.
    package let fingerprint: Fingerprint
    /// By path as the route files write it.
    private let secrets: [String: Result<[UInt8], FileAccess.Failure>]

    /// Compiles what was read. Secret files that the routes name and that were not among those to be read are read now.
    package func compile(folder: String, environment: [String: String], options: RouteOptions) -> RouteCompilation {
        RouteTable.compile(
            files, readingProblems: problems, secretFiles: SecretFiles(folder: folder, known: secrets),
            environment: environment,
            options: options)
    }

    /// Whether the folder and the secret files that a compilation has read still say what they said then. Blocking.
    ///
    /// Where they do, no mounted folder was swapped and no file written while one after the other was read: what was
    /// compiled was there at one time.
    package static func isStill(_ compilation: RouteCompilation, folder: String) -> Bool {
        read(folder: folder, secretFiles: compilation.secretFiles).fingerprint == compilation.fingerprint
    }

    /// Reads everything. Blocking.
    package static func read(folder: String, secretFiles paths: [String]) -> FolderSnapshot {
        let secrets = SecretFiles(folder: folder)
        let known = Dictionary(paths.map { ($0, secrets.content(of: $0)) }) { first, _ in first }
        let (files, problems) = contents(of: folder)
        return FolderSnapshot(
            files: files, problems: problems, fingerprint: fingerprint(of: files, secrets, problems), secrets: known)
    }

    private static func contents(of folder: String) -> ([RouteFile], [RouteProblem]) {
        do {
            return (try RouteFiles.read(folder: folder), [])
        } catch {
            return (error.files, error.problems)
        }
    }

    /// Over names and contents, each with its length; a file that cannot be read counts as such.
    static func fingerprint(of files: [RouteFile], _ secrets: SecretFiles, _ problems: [RouteProblem] = [])
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
