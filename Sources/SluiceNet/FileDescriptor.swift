internal import CSluiceLinux
internal import Glibc
internal import SluiceBase

/// The socket calls of the event loops, with errors as values.
///
/// Descriptors are plain numbers. Each has exactly one owner (a `Listener`, a `Stream`, an `EventLoop`), which closes
/// it.
package enum FileDescriptor {
    static func close(_ descriptor: Int32) {
        // Never repeated on EINTR: Linux has released the descriptor by then (man 2 close).
        _ = Glibc.close(descriptor)
    }

    /// A stream socket, non-blocking and closed on exec.
    static func socket(family: Int32) throws(SystemCallError) -> Int32 {
        let descriptor = CSluiceLinux.socket(
            family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .last("socket") }
        return descriptor
    }

    static func setOption(_ descriptor: Int32, level: Int32, name: Int32, to value: Int32) {
        var value = value
        // Options are optional tuning: without kernel support the connection still works.
        unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Answers are sent immediately: the server writes each as a whole (RFC 9293 §3.7.4 leaves this to the
    /// application).
    static func setNoDelay(_ descriptor: Int32) {
        setOption(descriptor, level: Int32(IPPROTO_TCP), name: Int32(TCP_NODELAY), to: 1)
    }

    /// Whether reading, or accepting, would not block at this moment.
    static func isReadable(_ descriptor: Int32) -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // Reads and writes the one structure.
        return unsafe poll(&watched, 1, 0) > 0
    }

    /// The pending error of a connection attempt or of the peer.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        // SO_ERROR writes one int.
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return errno }
        return code
    }

    /// The address of a bound socket; with port 0 in the settings, the one that the kernel chose.
    static func localAddress(_ descriptor: Int32) -> PeerAddress {
        unsafe SocketAddress.filled { unsafe getsockname(descriptor, $0, $1) }.1
    }
}

/// A failed system call, with the system's error text.
package struct SystemCallError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The call, with its name in `man 2`.
    package let call: String
    /// The `errno`.
    package let code: Int32

    package init(_ call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// The error of the last failed call on this thread.
    static func last(_ call: String) -> SystemCallError { SystemCallError(call, code: errno) }

    /// `bind: Address already in use`.
    package var description: String { "\(call): \(Self.message(code))" }

    /// The system's text for an `errno`.
    package static func message(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        // The XSI form writes a NUL-terminated string into the buffer, truncated to its size.
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Only the system's text: `Address already in use`.
    package var reason: String { Self.message(code) }

    package var isAddressInUse: Bool { code == EADDRINUSE }
}
