import Glibc

/// A folder that is removed, with what is in it, when the test ends.
final class TemporaryFolder {
    let path: String
    private let isOurs: Bool

    /// A folder of another test object, which removes it.
    init(existing path: String) {
        self.path = path
        isOurs = false
    }

    init() {
        isOurs = true
        var template = Array("/tmp/sluice-outbox-XXXXXX".utf8CString)
        // `mkdtemp` writes the name into the array, which is as long as it was.
        path = unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, let made = unsafe mkdtemp(start) else { return "" }
            return unsafe String(cString: made)
        }
        precondition(!path.isEmpty, "no temporary folder")
    }

    deinit {
        guard isOurs else { return }
        for name in names { _ = unsafe unlink(file(name)) }
        _ = unsafe rmdir(path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// The files in the folder.
    var names: [String] {
        // The directory stream is closed before this returns; each name is copied.
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func mode(of name: String) -> mode_t {
        var facts = stat()
        return unsafe stat(file(name), &facts) == 0 ? facts.st_mode & 0o777 : 0
    }

    func write(_ bytes: [UInt8], to name: String) {
        let descriptor = unsafe open(file(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done)
            }
            precondition(count > 0, "cannot write \(name)")
            done += count
        }
        close(descriptor)
    }

    func read(_ name: String) -> [UInt8] {
        let descriptor = unsafe open(file(name), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe block.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { return bytes }
            bytes += block[..<count]
        }
    }
}
