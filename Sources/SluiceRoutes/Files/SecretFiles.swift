package import SluiceBase

/// The secret files that a compilation reads: each once, remembered for the fingerprint of what was compiled.
///
/// Belongs to one reading of the folder; not for another thread while it is compiled from.
package final class SecretFiles {
    /// In bytes; a secret is far shorter.
    static let limit = 64 << 10

    private let folder: String
    private var contents: [String: Result<[UInt8], FileAccess.Failure>] = [:]

    /// - Parameter folder: what relative paths are relative to: the routes folder.
    package init(folder: String) { self.folder = folder }

    /// The paths that were asked for, as the route files write them, sorted.
    package var paths: [String] { contents.keys.sorted() }

    /// The content of a file, or why it cannot be read.
    package func content(of path: String) -> Result<[UInt8], FileAccess.Failure> {
        if let known = contents[path] { return known }
        let content = Result { () throws(FileAccess.Failure) in
            try FileAccess.read(Self.resolve(path, in: folder), limit: Self.limit)
        }
        contents[path] = content
        return content
    }

    /// A path as the file system takes it.
    static func resolve(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") ? path : "\(folder)/\(path)"
    }
}
