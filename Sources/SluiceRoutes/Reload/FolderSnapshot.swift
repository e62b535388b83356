package import SluiceBase
internal import SluiceCrypto

/// The contents of the routes folder and of the secret files at one time: what is compiled is exactly what was compared.
package struct FolderSnapshot: Sendable {
    package let files: [RouteFile]
    /// The folder or a file of it could not be read.
    package let problems: [RouteProblem]
    /// Changes exactly when a name or a content does.
    package let fingerprint: Fingerprint

    /// Compiles what was read; secret files that the routes name are read now.
    package func compile(folder: String, environment: [String: String], options: RouteOptions) -> RouteCompilation {
        RouteTable.compile(
            files, readingProblems: problems, secretFiles: SecretFiles(folder: folder), environment: environment, options: options)
    }

    /// Reads everything. Blocking.
    package static func read(folder: String, secretFiles paths: [String]) -> FolderSnapshot {
        let secrets = SecretFiles(folder: folder)
        for path in paths { _ = secrets.content(of: path) }
        let (files, problems) = contents(of: folder)
        return FolderSnapshot(files: files, problems: problems, fingerprint: fingerprint(of: files, secrets, problems))
    }

    private static func contents(of folder: String) -> ([RouteFile], [RouteProblem]) {
        do {
            return (try RouteFiles.read(folder: folder), [])
        } catch {
            return (error.files, error.problems)
        }
    }

    /// Over names and contents, each with its length; a file that cannot be read counts as such.
    static func fingerprint(of files: [RouteFile], _ secrets: SecretFiles, _ problems: [RouteProblem] = []) -> Fingerprint {
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
