import Glibc
import SluiceBase
import Testing

/// A pipe whose ends close with it.
private struct Pipe: ~Copyable {
    let reading: Int32
    let writing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        // The call writes two descriptors into an array of two.
        unsafe pipe(&ends)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }
}

@Suite(.serialized) struct StandardErrorTests {
    @Test("a line that a reader has room for is written whole")
    func writes() {
        let pipe = Pipe()
        #expect(StandardError.write(Array("a line\n".utf8), to: pipe.writing) == .written)
        var buffer = [UInt8](repeating: 0, count: 64)
        // The buffer has 64 bytes, as the call is told.
        let count = unsafe read(pipe.reading, &buffer, 64)
        #expect(String(decoding: buffer[..<max(count, 0)], as: UTF8.self) == "a line\n")
    }

    @Test("a pipe without a reader drops lines instead of blocking the thread")
    func drops() {
        let pipe = Pipe()
        let line = [UInt8](repeating: 0x61, count: 4096)
        var outcomes: [StandardError.Outcome] = []
        for _ in 0..<64 { outcomes.append(StandardError.write(line, to: pipe.writing)) }
        #expect(outcomes.first == .written)
        #expect(outcomes.last == .dropped)
    }

    @Test("a reader that has closed does not end the process")
    func brokenPipe() {
        StandardError.ignoreBrokenPipes()
        var ends: [Int32] = [-1, -1]
        // The call writes two descriptors into an array of two.
        unsafe pipe(&ends)
        close(ends[0])
        #expect(StandardError.write([0x61], to: ends[1]) == .dropped)
        close(ends[1])
    }
}
