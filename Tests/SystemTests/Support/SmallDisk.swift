internal import Foundation
internal import Glibc
import Testing

/// A file system in memory of its own that a gateway sees and the rest of the machine does not, to be filled by a test.
struct SmallDisk {
    /// Where the gateway sees it.
    let path: String

    /// Starts the gateway in a mount namespace in which the disk is there.
    ///
    /// - Parameter mebibytes: its size.
    static func wrapper(at path: String, mebibytes: Int) -> [String] {
        let script = "mount -t tmpfs -o size=\(mebibytes)m,mode=0700 tmpfs \"$0\" && exec \"$@\""
        return unshare + ["sh", "-c", script, path]
    }

    /// A user namespace makes the user of the tests root in it.
    static let unshare = getuid() == 0 ? ["unshare", "--mount"] : ["unshare", "--map-root-user", "--mount"]

    /// Whether this machine lets the tests have such a disk.
    static func isAllowed() async -> Bool {
        guard let folder = try? TemporaryFolder() else { return false }
        let words = wrapper(at: folder.path, mebibytes: 1) + ["true"]
        let environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"]
        let process = try? ChildProcess(
            words[0], Array(words.dropFirst()), environment: environment, folder: folder.path)
        return (try? await process?.ending()) == .exited(0)
    }

    /// Whether it lets them have one, and watch the system calls of a gateway on it.
    static func isAllowedToTrace() async -> Bool {
        guard await SyncTests.canTrace() else { return false }
        return await isAllowed()
    }

    /// A file on the disk as this process reaches it.
    private func reached(_ name: String, _ gateway: GatewayUnderTest) -> String {
        "/proc/\(gateway.process.id)/root\(path)/\(name)"
    }

    /// Takes the space that is left.
    ///
    /// - Parameter rest: bytes that stay free.
    func fill(_ gateway: GatewayUnderTest, leaving rest: Int = 0) throws {
        let file = unsafe open(reached("ballast", gateway), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        try #require(file >= 0, "cannot reach the gateway's disk: errno \(errno)")
        defer { close(file) }
        var block = [UInt8](repeating: 0, count: 1 << 20)
        while !block.isEmpty {
            let count = unsafe block.withUnsafeBytes { unsafe write(file, $0.baseAddress, $0.count) }
            if count < block.count { block.removeLast(block.count - block.count / 2) }
        }
        if rest > 0 { try #require(ftruncate(file, lseek(file, 0, SEEK_END) - rest) == 0) }
    }

    /// Gives it back.
    func free(_ gateway: GatewayUnderTest) throws {
        try FileManager.default.removeItem(atPath: reached("ballast", gateway))
    }
}
