package import SluiceBase

/// The secret files that a compilation reads: each once, remembered for the fingerprint of what was compiled.
///
/// Belongs to one reading of the folder; not for another thread while it is compiled from.
package final class SecretFiles {
    /// In bytes; a secret is far shorter.
    static let limit = 64 << 10

    private let folder: String
    /// What a snapshot has read before, to be taken as it was then.
    private let known: [String: Result<[UInt8], FileAccess.Failure>]
    private var contents: [String: Result<[UInt8], FileAccess.Failure>] = [:]

    /// - Parameters:
    ///   - folder: what relative paths are relative to: the routes folder.
    ///   - known: contents that are not read again.
    package init(folder: String, known: [String: Result<[UInt8], FileAccess.Failure>] = [:]) {
        self.folder = folder
        self.known = known
    }

    /// The paths that were asked for, as the route files write them, sorted.
    package var paths: [String] { contents.keys.sorted() }

    /// The content of a file, or why it cannot be read.
    package func content(of path: String) -> Result<[UInt8], FileAccess.Failure> {
        if let known = contents[path] { return known }
        let content = known[path] ?? Self.read(Self.resolve(path, in: folder))
        contents[path] = content
        return content
    }

    private static func read(_ path: String) -> Result<[UInt8], FileAccess.Failure> {
        Result { () throws(FileAccess.Failure) in try FileAccess.read(path, limit: limit) }
    }

    /// A path as the file system takes it.
    static func resolve(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") ? path : "\(folder)/\(path)"
    }
}
