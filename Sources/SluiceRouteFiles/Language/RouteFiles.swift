package import SluiceBase
internal import SluiceCrypto
internal import SluiceRoutes
internal import SluiceYAML

/// Reads the routes folder.
package enum RouteFiles {
    /// All files together, in bytes; 8 MiB.
    static let totalLimit = 8 << 20

    /// Reads the route files of a folder by name: every `*.yaml` directly in it whose name does not start with a dot.
    ///
    /// Blocking. A `*.yml` is a problem, so that no file is skipped by mistake.
    ///
    /// - Parameter folder: the path as given by the user; it precedes each file's name in messages.
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
                let target = error.isMissing ? FileAccess.danglingTarget(of: path) : nil
                let why = target.map { "it is a symbolic link to \($0), which does not exist" }
                problems.append(problem(path, "the file cannot be read: \(why ?? error.description)"))
            }
            if total > totalLimit {
                problems.append(problem(path, "the route files have more than \(totalLimit) bytes together"))
                break
            }
        }
        guard problems.isEmpty else { throw RouteFilesError(files: files, problems: problems) }
        return files
    }

    /// Whether a name in the folder is relevant: a route file, or one that is a problem.
    static func isWatched(_ name: String) -> Bool {
        !name.hasPrefix(".") && (name.hasSuffix(".yaml") || isMisnamed(name))
    }

    /// Whether a name was probably intended for a route file, and would be skipped.
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
    /// The readable files, so that all problems can be reported in one run.
    package private(set) var files: [RouteFile] = []
    package let problems: [Diagnostic]

    /// The problems, one per line; never the files' contents.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// One route file as read.
package struct RouteFile: Sendable, Hashable {
    /// For messages: the folder as given by the user, and the file's name.
    package let name: String
    package let bytes: [UInt8]
    /// Changes exactly if the bytes change.
    package let contentHash: Fingerprint

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        let digest = Hash.digest(.sha256, bytes.span)
        contentHash = Fingerprint(digest.span)
    }
}

/// The secret files of a compilation: each is read once, and remembered for the fingerprint.
///
/// Belongs to one reading of the folder; must not be used by another thread during a compilation.
package final class SecretFiles {
    /// In bytes; a secret is far shorter.
    static let limit = 64 << 10

    private let folder: String
    /// Contents from a snapshot, which are not read again.
    private let known: [String: Result<[UInt8], FileAccess.AccessError>]
    private var contents: [String: Result<[UInt8], FileAccess.AccessError>] = [:]

    /// - Parameter folder: the base of relative paths: the routes folder.
    package init(folder: String, known: [String: Result<[UInt8], FileAccess.AccessError>] = [:]) {
        self.folder = folder
        self.known = known
    }

    /// The requested paths, as in the route files, sorted.
    package var paths: [String] { contents.keys.sorted() }

    /// The content of a file, or the error of reading it.
    package func content(of path: String) -> Result<[UInt8], FileAccess.AccessError> {
        if let known = contents[path] { return known }
        let content = known[path] ?? Self.read(Self.resolve(path, in: folder))
        contents[path] = content
        return content
    }

    private static func read(_ path: String) -> Result<[UInt8], FileAccess.AccessError> {
        Result { () throws(FileAccess.AccessError) in try FileAccess.read(path, limit: limit) }
    }

    /// A path for the file system.
    static func resolve(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") ? path : "\(folder)/\(path)"
    }
}
