internal import Glibc
import SluiceNet

/// A pair of sockets, used as a pipe because they can be made to stay out of every process that is started meanwhile.
final class ProcessPipe {
    let reading: Int32
    let writing: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw SystemCallError("socketpair", code: errno) }
        reading = ends[0]
        writing = ends[1]
    }

    func closeReading() { close(reading) }
    func closeWriting() { close(writing) }
}
