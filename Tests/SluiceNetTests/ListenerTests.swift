import Glibc
import SluiceBase
import SluiceNet
import Testing

/// Which loop is woken by a listening socket, and its end.
@Suite struct ListenerTests {
    /// A connection that is asked for, without waiting for it.
    private static func connect(to port: UInt16) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return descriptor
    }

    private static func isConnected(_ descriptor: Int32, within milliseconds: Int32) -> Bool {
        // The call writes into the structure.
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return unsafe poll(&entry, 1, milliseconds) == 1 && entry.revents & Int16(POLLERR | POLLHUP) == 0
    }

    /// The events that each epoll of this process waits for on a descriptor (`man 5 proc`, fdinfo).
    private static func watches(of descriptor: Int32) throws -> [UInt32] {
        try FileAccess.names(inFolder: "/proc/self/fdinfo").flatMap { name -> [UInt32] in
            // A descriptor of another test may be closed meanwhile.
            let bytes = (try? FileAccess.read("/proc/self/fdinfo/\(name)", limit: 1 << 20)) ?? []
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard words.count > 3, words[0] == "tfd:", words[1] == "\(descriptor)" else { return nil }
                return UInt32(words[3], radix: 16)
            }
        }
    }

    @Test("each loop watches the listening socket in such a way that the kernel wakes only one that waits")
    func wakesOne() async throws {
        let group = try EventLoopGroup(count: 2, name: "test")
        let socket = try ListeningSocket(#require(SocketAddress(host: "127.0.0.1", port: 0)))
        let key = LoopLocal<Listener>()
        for index in 0..<2 {
            _ = await group.run(on: index) { loop in loop.set(try? Listener(socket, on: loop) { _ in }, for: key) }
        }
        let watches = try Self.watches(of: socket.descriptor)
        #expect(watches.count == 2)
        #expect(watches.allSatisfy { Readiness(rawValue: $0).isSuperset(of: [.readable, .exclusive]) }, "\(watches)")
        for index in 0..<2 { _ = await group.run(on: index) { $0[key]?.stop() } }
        #expect(try Self.watches(of: socket.descriptor).isEmpty)
        socket.close()
        await group.stop()
    }

    @Test("once a listener stops queueing, connections that are queued can be accepted and no other one is made")
    func stopQueueing() throws {
        let listening = try ListeningSocket(#require(SocketAddress(host: "127.0.0.1", port: 0)))
        let port = listening.address.port
        let queued = (0..<3).map { _ in Self.connect(to: port) }
        #expect(queued.allSatisfy { Self.isConnected($0, within: 5000) })

        listening.stopQueueing()
        let late = Self.connect(to: port)
        #expect(!Self.isConnected(late, within: 100))
        let accepted = queued.map { _ in accept(listening.descriptor, nil, nil) }
        #expect(accepted.allSatisfy { $0 >= 0 })
        listening.close()
        #expect(queued.allSatisfy { Self.isConnected($0, within: 0) })
        (queued + accepted + [late]).forEach { close($0) }
    }
}
