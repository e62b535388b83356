import Foundation
import SluiceBase
import Testing

@Suite(.serialized) struct FileAccessTests {
    private func inFolder(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/sluice-files-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test("a file is read whole, up to its limit and not beyond", arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func read(size: Int) throws {
        try inFolder { folder in
            let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try Data(content).write(to: URL(fileURLWithPath: folder + "/f"))
            #expect(try FileAccess.read(folder + "/f", limit: size) == content)
            guard size > 0 else { return }
            let failure = #expect(throws: FileAccess.AccessError.self) {
                try FileAccess.read(folder + "/f", limit: size - 1)
            }
            #expect(failure?.description == "larger than \(size - 1) bytes")
        }
    }

    @Test("a file that is missing or not regular is an error that says so")
    func irregular() throws {
        try inFolder { folder in
            #expect(throws: FileAccess.AccessError.self) { try FileAccess.read(folder, limit: 10) }
            let missing = #expect(throws: FileAccess.AccessError.self) {
                try FileAccess.read(folder + "/none", limit: 10)
            }
            #expect(missing?.description == "No such file or directory")
            let device = #expect(throws: FileAccess.AccessError.self) { try FileAccess.read("/dev/null", limit: 10) }
            #expect(device?.description == "not a regular file")
        }
    }

    @Test("lines are numbered as an editor does, and empty ones are left out")
    func lines() throws {
        try inFolder { folder in
            try Data("\na\n\n\nb\nc".utf8).write(to: URL(fileURLWithPath: folder + "/f"))
            var lines = try FileLines(folder + "/f", limit: 10)
            var found: [String] = []
            while let line = try lines.next() {
                found.append("\(lines.number) \(String(decoding: line, as: UTF8.self))")
            }
            #expect(found == ["2 a", "5 b", "6 c"])
        }
    }

    @Test("names come sorted by their bytes, hidden ones too, without . and ..")
    func names() throws {
        try inFolder { folder in
            for name in ["b", "a", ".c", "B", "é"] { try Data().write(to: URL(fileURLWithPath: folder + "/" + name)) }
            #expect(try FileAccess.names(inFolder: folder) == [".c", "B", "a", "b", "é"])
            #expect(throws: FileAccess.AccessError.self) { try FileAccess.names(inFolder: folder + "/a") }
        }
    }

    @Test("a change of content, or another file under the same name, changes the status")
    func status() throws {
        try inFolder { folder in
            let path = folder + "/f"
            try Data([1]).write(to: URL(fileURLWithPath: path))
            let first = try FileAccess.status(of: path)
            #expect(first.isRegularFile && !first.isFolder && first.size == 1)
            #expect(try FileAccess.status(of: path) == first)
            try Data([2]).write(to: URL(fileURLWithPath: folder + "/g"))
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: folder + "/g", toPath: path)
            #expect(try FileAccess.status(of: path) != first)
            #expect(try FileAccess.status(of: folder).isFolder)
            #expect(throws: FileAccess.AccessError.self) { try FileAccess.status(of: folder + "/none") }
        }
    }
}
