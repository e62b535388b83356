internal import Glibc
import SluiceNet
import TestSupport

/// A TLS client that begins to read only when the server cannot write any more.
struct TLSPeer: Sendable {
    let port: UInt16
    let tls: TLSClientContext

    /// Sends each request in a record of its own, and reads until so many bytes have come, or the server has closed or
    /// been silent for long.
    ///
    /// - Returns: how many bytes have come.
    func exchange(_ requests: [[UInt8]], expecting expected: Int) throws -> Int {
        let descriptor = try RawSocket(port: port).detach()
        let stream = try Stream(connecting: descriptor, tls: tls, host: "localhost")
        guard stream.handshake() == .moved(0) else { throw RawSocket.Failure(description: "no handshake") }
        for request in requests {
            guard stream.write(request, from: 0) == .moved(request.count) else {
                throw RawSocket.Failure(description: "cannot write")
            }
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        // The server has all of it, and cannot write any more, when for a while nothing changes in what there is to
        // read.
        var unread: Int32 = -1
        while unread != pending(descriptor) {
            unread = pending(descriptor)
            _ = wait(descriptor, 0, milliseconds: 100)
        }
        return readAll(stream, expected)
    }

    private func readAll(_ stream: Stream, _ expected: Int) -> Int {
        var total = 0
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while total < expected {
            switch stream.read(into: &block) {
            case .moved(let count): total += count
            case .wantsRead, .wantsWrite:
                guard wait(stream.descriptor, POLLIN, milliseconds: 3000) else { return total }
            case .ended, .failed: return total
            }
        }
        return total
    }

    /// Bytes that have come and were not read.
    private func pending(_ descriptor: Int32) -> Int32 {
        var count: Int32 = 0
        // FIONREAD writes one int (man 2 ioctl_tty).
        _ = unsafe ioctl(descriptor, UInt(FIONREAD), &count)
        return count
    }

    private func wait(_ descriptor: Int32, _ events: Int32, milliseconds: Int32) -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return unsafe poll(&watched, 1, milliseconds) > 0
    }
}
