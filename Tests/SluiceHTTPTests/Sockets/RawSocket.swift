internal import Glibc
import SluiceBase
import SluiceNet
import Synchronization

/// A blocking TCP socket of a test, for either end of a connection. Closed, at the latest, with its last reference.
final class RawSocket: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let descriptor: Int32
    private let isOpen = Mutex(true)

    /// - Parameter isListening: then `accept` waits for as long as it takes.
    init(descriptor: Int32, isListening: Bool = false) {
        self.descriptor = descriptor
        if isListening { return }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Connects to a port of this machine.
    convenience init(port: UInt16) throws {
        self.init(descriptor: Self.make())
        let result = unsafe Self.withLoopback(port: port) { unsafe connect(descriptor, $0, $1) }
        guard result == 0 else { throw SystemCallError("connect", code: errno) }
    }

    deinit { close() }

    // MARK: - Listening

    /// A listening socket on a port that the system chooses.
    static func listening(backlog: Int32 = 16) throws -> (socket: RawSocket, port: UInt16) {
        let socket = RawSocket(descriptor: make(), isListening: true)
        let descriptor = socket.descriptor
        guard unsafe withLoopback(port: 0, { unsafe bind(descriptor, $0, $1) }) == 0, listen(descriptor, backlog) == 0 else {
            throw SystemCallError("listen", code: errno)
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { throw SystemCallError("getsockname", code: errno) }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    /// The next connection; nil once the socket is closed.
    func accept() -> RawSocket? {
        let accepted = Glibc.accept(descriptor, nil, nil)
        return accepted < 0 ? nil : RawSocket(descriptor: accepted)
    }

    // MARK: - Bytes

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
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
    func receive(until end: String?) throws -> String { try receive { text in end.map { text.hasSuffix($0) } ?? false } }

    /// What has come by the time that it is whole, or the other side closes.
    func receive(until isWhole: (String) -> Bool) throws -> String {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            if isWhole(String(decoding: bytes, as: UTF8.self)) { break }
            let count = unsafe block.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count < 0, errno == EAGAIN {
                throw Failure(description: "nothing came; there was '\(String(decoding: bytes, as: UTF8.self))'")
            }
            guard count > 0 else { break }
            bytes += block[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    /// Gives the descriptor away, which is then somebody else's to close.
    func detach() -> Int32 {
        isOpen.withLock { $0 = false }
        return descriptor
    }

    func close() {
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

    private static func make() -> Int32 { socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0) }

    private static func withLoopback(port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}

/// Runs what blocks on a thread of its own.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        do {
            try SystemThread.start(name: "test") { continuation.resume(with: Result { try work() }) }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}
