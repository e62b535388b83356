internal import CSluiceLinux
internal import Glibc
package import SluiceBase

/// The address that a socket listens on or connects to.
package enum SocketAddress: Sendable, Hashable {
    /// An IPv4 or IPv6 address and a port.
    case inet(PeerAddress)
    /// A UNIX socket's path, at most 107 bytes (`man 7 unix`).
    case unix(path: String)

    /// An address without a port: `127.0.0.1`, `::1` (no brackets).
    package init?(host: String, port: UInt16) {
        guard let address = PeerAddress.address(parsing: host) else { return nil }
        self = .inet(PeerAddress(address: address, port: port))
    }

    /// The port; 0 for a UNIX socket.
    package var port: UInt16 {
        switch self {
        case .inet(let address): address.port
        case .unix: 0
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// In the syntax of the settings: `127.0.0.1:8443`, `[::1]:8443`, `unix:/run/x.sock`.
    package var description: String {
        switch self {
        case .inet(let peer): peer.hostAndPort
        case .unix(let path): "unix:\(path)"
        }
    }
}

// MARK: - The C side

extension SocketAddress {
    /// `AF_INET`, `AF_INET6` or `AF_UNIX`.
    var family: Int32 {
        switch self {
        case .inet(let peer): peer.isIPv4 ? AF_INET : AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// Calls `body` with the address in the form of the socket calls.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch self {
        case .inet(let peer) where peer.isIPv4:
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = peer.port.bigEndian
            let bytes = (12..<16).map { UInt32(peer.address[$0]) }
            address.sin_addr.s_addr = (bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]).bigEndian
            return unsafe Self.erase(&address, body)
        case .inet(let peer):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = peer.port.bigEndian
            // Both are 16 bytes in network order.
            unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { target in
                for index in 0..<16 { unsafe target[index] = peer.address[index] }
            }
            return unsafe Self.erase(&address, body)
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // Truncated to fit with its NUL; longer paths were refused when the settings were read.
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
                for (index, byte) in path.utf8.prefix(target.count - 1).enumerated() { unsafe target[index] = byte }
            }
            return unsafe Self.erase(&address, body)
        }
    }

    /// The maximum path of a UNIX socket, in bytes.
    package static let unixPathLimit = 107

    private static func erase<Address, Result>(
        _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        let length = socklen_t(MemoryLayout<Address>.size)
        // The socket API uses a pointer to sockaddr for every address family.
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
    }

    /// Returns the address that `fill` wrote, such as `accept4`, `getsockname` and `getpeername`.
    static func filled(by fill: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) -> (
        Int32, PeerAddress
    ) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // sockaddr_storage is large enough for every family that the kernel writes.
        let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe fill($0, &length) }
        }
        return (result, PeerAddress(storage))
    }
}

extension PeerAddress {
    /// The kernel's address of the peer; a UNIX peer has none and is `0.0.0.0:0`.
    init(_ storage: sockaddr_storage) {
        var storage = storage
        switch Int32(storage.ss_family) {
        case AF_INET:
            // By its family, the storage contains a sockaddr_in.
            let address = unsafe withUnsafeBytes(of: &storage) { unsafe $0.load(as: sockaddr_in.self) }
            let value = UInt32(bigEndian: address.sin_addr.s_addr)
            self.init(
                ipv4: (UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)),
                port: UInt16(bigEndian: address.sin_port))
        case AF_INET6:
            // By its family, the storage contains a sockaddr_in6.
            var address = unsafe withUnsafeBytes(of: &storage) { unsafe $0.load(as: sockaddr_in6.self) }
            let bytes = unsafe withUnsafeBytes(of: &address.sin6_addr) {
                unsafe $0.loadUnaligned(as: SIMD16<UInt8>.self)
            }
            self.init(address: bytes, port: UInt16(bigEndian: address.sin6_port))
        default:
            self.init(ipv4: (0, 0, 0, 0), port: 0)
        }
    }
}

/// Starts and completes outgoing connections.
package enum ConnectingSocket {
    /// Starts to connect; the descriptor becomes writable when the attempt has ended.
    ///
    /// - Returns: a non-blocking descriptor, owned by the caller, for a `Stream`.
    package static func start(_ address: SocketAddress) throws(SystemCallError) -> Int32 {
        let descriptor = try FileDescriptor.socket(family: address.family)
        if case .inet = address { FileDescriptor.setNoDelay(descriptor) }
        let result = unsafe address.withSockaddr { unsafe connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else {
            let error = SystemCallError.last("connect")
            FileDescriptor.close(descriptor)
            throw error
        }
        return descriptor
    }

    /// The result of the attempt, once the descriptor is writable.
    package static func outcome(_ descriptor: Int32) throws(SystemCallError) {
        let code = FileDescriptor.pendingError(descriptor)
        guard code == 0 else { throw SystemCallError("connect", code: code) }
    }
}
