import Glibc
import SluiceNet
import TestSupport
import Testing

@Suite struct StreamTests {
    /// What `poll` tells about a descriptor once there is something to tell.
    private static func events(of descriptor: Int32) -> Int16 {
        // The call writes into the structure.
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 60_000) == 1 ? entry.revents : 0
    }

    @Test("a connection that is closed with unread bytes in the kernel is not reset", arguments: [false, true])
    func unreadBytes(isAborted: Bool) throws {
        let (listening, port) = try RawSocket.listening()
        let peer = try RawSocket(port: port)
        let accepted = try #require(listening.accept()).detach()
        let stream = Stream(accepted: accepted, tls: nil)
        #expect(stream.write(Array("answer".utf8), from: 0) == .moved(6))
        #expect(try peer.receive() == Array("answer".utf8))
        try peer.send("\r\n")
        #expect(Self.events(of: accepted) == Int16(POLLIN))

        if isAborted { stream.abort() } else { stream.close() }
        let descriptor = peer.detach()
        let isReset = Self.events(of: descriptor) & Int16(POLLERR) != 0
        #expect(isReset == isAborted)
        close(descriptor)
    }
}
