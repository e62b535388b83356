internal import Foundation
internal import Glibc
import SluiceNet

/// The ways in which people and programs change files.
extension TemporaryFolder {
    /// Writes into the file that is there, which keeps its inode: a file that is mounted by itself can be changed in no
    /// other way.
    func overwrite(_ text: String, in name: String) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file(name)))
        defer { try? handle.close() }
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: Data(text.utf8))
    }

    /// As `vim` does with its defaults: the old file steps aside, the new one is written under its name, the old one
    /// goes.
    func writeAsVim(_ text: String, to name: String) throws {
        try rename(name, to: name + "~")
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
        try remove(name + "~")
    }

    /// Puts files into a folder as the kubelet mounts a ConfigMap or a Secret: behind `..data`, a link that is replaced
    /// in one step.
    ///
    /// - Parameter version: tells the folder behind the link from the ones before.
    func mount(_ files: [String: String], at folder: String, version: Int) throws {
        let target = "..2026_\(version)"
        for (name, text) in files { try write(text, to: "\(folder)/\(target)/\(name)") }
        let before = try? FileManager.default.destinationOfSymbolicLink(atPath: file("\(folder)/..data"))
        try link("\(folder)/..data_tmp", to: target)
        try rename("\(folder)/..data_tmp", to: "\(folder)/..data")
        if before == nil { for name in files.keys { try link("\(folder)/\(name)", to: "..data/\(name)") } }
        if let before { try remove("\(folder)/\(before)") }
    }

    func rename(_ name: String, to other: String) throws {
        // The paths are C strings for the call.
        guard unsafe Glibc.rename(file(name), file(other)) == 0 else { throw SystemCallError("rename", code: errno) }
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: file(name), withDestinationPath: target)
    }

    /// The permissions of a file.
    func mode(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: file(name))[.posixPermissions] as? Int
    }

    func inode(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: file(name))[.systemFileNumber] as? Int
    }
}
