package import SluiceBase
internal import SluiceCrypto
internal import SluiceRoutes
internal import SluiceYAML

/// Reads the routes folder.
package enum RouteFiles {
    /// All files together, in bytes; 8 MiB.
    static let totalLimit = 8 << 20

    /// The route files of a folder, by name: every `*.yaml` in it, not below it, whose name does not begin with a dot.
    ///
    /// Blocking. A `*.yml` is a problem, so that no file is passed over by mistake.
    ///
    /// - Parameter folder: the path as the user wrote it; it stands in front of each file's name in messages.
    package static func read(folder: String) throws(RouteFilesError) -> [RouteFile] {
        let names: [String]
        do {
            names = try FileAccess.names(inFolder: folder)
        } catch {
            let remedy = folder.hasSuffix(".yaml") ? "; name the folder, not a file in it" : ""
            throw RouteFilesError(problems: [problem(folder, "the routes folder cannot be read: \(error)\(remedy)")])
        }
        var files: [RouteFile] = []
        var problems: [Diagnostic] = []
        var total = 0
        for name in names where !name.hasPrefix(".") {
            let path = join(folder, name)
            if isMisnamed(name) {
                let stem = name.split(separator: ".").dropLast().joined(separator: ".")
                problems.append(problem(path, "route files end in .yaml; rename it to \(stem).yaml"))
            }
            guard name.hasSuffix(".yaml") else { continue }
            do {
                let file = RouteFile(name: path, bytes: try FileAccess.read(path, limit: YAMLLimits().bytes))
                files.append(file)
                total += file.bytes.count
            } catch {
                problems.append(problem(path, "the file cannot be read: \(error)"))
            }
            if total > totalLimit {
                problems.append(problem(path, "the route files have more than \(totalLimit) bytes together"))
                break
            }
        }
        guard problems.isEmpty else { throw RouteFilesError(files: files, problems: problems) }
        return files
    }

    /// Whether a name in the folder matters: a route file, or one that is a problem.
    static func isWatched(_ name: String) -> Bool {
        !name.hasPrefix(".") && (name.hasSuffix(".yaml") || isMisnamed(name))
    }

    /// Whether a name is meant to be that of a route file, and would be passed over.
    private static func isMisnamed(_ name: String) -> Bool {
        let lower = name.lowercased()
        return lower.hasSuffix(".yml") || lower.hasSuffix(".yaml") && !name.hasSuffix(".yaml")
    }

    static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    private static func problem(_ file: String, _ message: String) -> Diagnostic {
        Diagnostic(file: file, line: 1, column: 1, severity: .error, message: message)
    }
}

/// The folder, or files in it, could not be read.
package struct RouteFilesError: Error, Sendable, CustomStringConvertible {
    /// What could still be read, so that all problems can be shown in one run.
    package let files: [RouteFile]
    package let problems: [Diagnostic]

    /// The problems, one a line; never the files' contents.
    package var description: String { problems.map(\.description).joined(separator: "\n") }

    init(files: [RouteFile] = [], problems: [Diagnostic]) {
        self.files = files
        self.problems = problems
    }
}

/// One route file as it was read.
package struct RouteFile: Sendable, Hashable {
    /// For messages: the folder as the user wrote it, and the file's name.
    package let name: String
    package let bytes: [UInt8]
    /// Changes exactly when the bytes do.
    package let contentHash: Fingerprint

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        let digest = Hash.digest(.sha256, bytes.span)
        contentHash = Fingerprint(digest.span)
    }
}

/// The secret files that a compilation reads: each once, remembered for the fingerprint of what was compiled.
///
/// Belongs to one reading of the folder; not for another thread while it is compiled from.
package final class SecretFiles {
    /// In bytes; a secret is far shorter.
    static let limit = 64 << 10

    private let folder: String
    /// What a snapshot has read before, to be taken as it was then.
    private let known: [String: Result<[UInt8], FileAccess.AccessError>]
    private var contents: [String: Result<[UInt8], FileAccess.AccessError>] = [:]

    /// - Parameters:
    ///   - folder: what relative paths are relative to: the routes folder.
    ///   - known: contents that are not read again.
    package init(folder: String, known: [String: Result<[UInt8], FileAccess.AccessError>] = [:]) {
        self.folder = folder
        self.known = known
    }

    /// The paths that were asked for, as the route files write them, sorted.
    package var paths: [String] { contents.keys.sorted() }

    /// The content of a file, or why it cannot be read.
    package func content(of path: String) -> Result<[UInt8], FileAccess.AccessError> {
        if let known = contents[path] { return known }
        let content = known[path] ?? Self.read(Self.resolve(path, in: folder))
        contents[path] = content
        return content
    }

    private static func read(_ path: String) -> Result<[UInt8], FileAccess.AccessError> {
        Result { () throws(FileAccess.AccessError) in try FileAccess.read(path, limit: limit) }
    }

    /// A path as the file system takes it.
    static func resolve(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") ? path : "\(folder)/\(path)"
    }
}
