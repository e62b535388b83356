internal import CSluiceLinux
internal import Glibc
internal import SluiceBase
internal import SluiceNet
internal import Synchronization

/// A blocking TCP socket of a test, for either end of a connection. Closed, at the latest, with its last reference.
package final class RawSocket: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }
    }

    private let descriptor: Int32
    private let isOpen = Mutex(true)

    /// - Parameter isListening: then `accept` waits for as long as it takes.
    package init(descriptor: Int32, isListening: Bool = false) {
        self.descriptor = descriptor
        if isListening { return }
        var limit = timeval(tv_sec: 600, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Connects to a port of this machine, or of another one.
    ///
    /// - Parameter address: IPv4, the first byte highest.
    package convenience init(port: UInt16, address: UInt32 = RawSocket.loopback) throws {
        self.init(descriptor: Self.make())
        let result = unsafe Self.with(address, port: port) { unsafe connect(descriptor, $0, $1) }
        guard result == 0 else { throw SystemCallError("connect", code: errno) }
    }

    deinit { close() }

    /// 127.0.0.1
    package static let loopback: UInt32 = 0x7F00_0001

    // MARK: - Listening

    /// A listening socket on a port that the system chooses.
    package static func listening(backlog: Int32 = 16) throws -> (socket: RawSocket, port: UInt16) {
        let socket = RawSocket(descriptor: make(), isListening: true)
        let descriptor = socket.descriptor
        guard unsafe with(loopback, port: 0, { unsafe bind(descriptor, $0, $1) }) == 0, listen(descriptor, backlog) == 0
        else {
            throw SystemCallError("listen", code: errno)
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        guard result == 0 else { throw SystemCallError("getsockname", code: errno) }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    /// The next connection; nil once the socket is closed.
    package func accept() -> RawSocket? {
        // Other tests start processes meanwhile, which must not keep the connection open.
        let accepted = accept4(descriptor, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
        return accepted < 0 ? nil : RawSocket(descriptor: accepted)
    }

    // MARK: - Bytes

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw SystemCallError("send", code: errno) }
            done += count
        }
    }

    /// What has come by the time that it ends with `end`, or the other side closes where `end` is nil.
    package func receive(until end: String?) throws -> String {
        try receive { text in end.map { text.hasSuffix($0) } ?? false }
    }

    /// What has come by the time that it is whole, or the other side closes.
    package func receive(until isWhole: (String) -> Bool) throws -> String {
        var bytes: [UInt8] = []
        while !isWhole(String(decoding: bytes, as: UTF8.self)) {
            let more: [UInt8]
            do { more = try receive() } catch {
                throw Failure(description: "\(error); there was '\(String(decoding: bytes, as: UTF8.self))'")
            }
            guard !more.isEmpty else { break }
            bytes += more
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What comes next; nothing once the other side has closed.
    package func receive() throws -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe block.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        if count < 0, errno == EAGAIN { throw Failure(description: "nothing came") }
        return Array(block[..<max(0, count)])
    }

    package func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    package func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    /// Transfers the descriptor, which the caller then closes.
    package func detach() -> Int32 {
        isOpen.withLock { $0 = false }
        return descriptor
    }

    package func close() {
        isOpen.withLock { isOpen in
            // `shutdown` wakes a thread that is in `accept`; `close` alone does not.
            if isOpen {
                shutdown(descriptor, Int32(SHUT_RD))
                Glibc.close(descriptor)
            }
            isOpen = false
        }
    }

    // MARK: - The C side

    private static func make() -> Int32 {
        socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }

    private static func with(_ host: UInt32, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32)
        -> Int32
    {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
