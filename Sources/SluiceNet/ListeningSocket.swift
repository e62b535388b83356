internal import CSluiceLinux
internal import Glibc
internal import SluiceBase

/// A bound and listening socket, not yet served. Made before anything else starts, so that a port in use is found at once.
package struct ListeningSocket: Sendable {
    package let descriptor: Int32
    /// What it is bound to, with the port that the kernel chose where the settings say 0.
    package let address: SocketAddress

    /// Connections that wait to be accepted, unless the caller says otherwise.
    package static let longestQueue = 4096

    /// Binds and listens.
    ///
    /// - Parameter backlog: connections that wait to be accepted; the kernel cuts it to `net.core.somaxconn`.
    package init(_ address: SocketAddress, backlog: Int32 = Int32(longestQueue)) throws(SystemCallError) {
        let descriptor = try FileDescriptor.socket(family: address.family)
        do throws(SystemCallError) {
            try Self.bind(descriptor, to: address)
            guard listen(descriptor, backlog) == 0 else { throw .last("listen") }
        } catch {
            FileDescriptor.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        switch address {
        case .inet: self.address = .inet(FileDescriptor.localAddress(descriptor))
        case .unix: self.address = address
        }
    }

    /// Closes the socket and removes its file, if it has one; connections that the kernel has queued are reset. No listener may be left on
    /// it.
    package func close() {
        FileDescriptor.close(descriptor)
        // The path is a C string for the call.
        if case .unix(let path) = address { unsafe unlink(path) }
    }

    private static func bind(_ descriptor: Int32, to address: SocketAddress) throws(SystemCallError) {
        switch address {
        case .inet(let peer):
            // A restart must not wait for the old connections' last packets (man 7 socket). Never SO_REUSEPORT: it would hide a
            // second process on the same port.
            FileDescriptor.setOption(descriptor, level: SOL_SOCKET, name: SO_REUSEADDR, to: 1)
            // `[::]` means every address, IPv4 too, whatever net.ipv6.bindv6only says (man 7 ipv6).
            if !peer.isIPv4 {
                FileDescriptor.setOption(
                    descriptor, level: Int32(IPPROTO_IPV6), name: IPV6_V6ONLY, to: peer.address == SIMD16() ? 0 : 1)
            }
            guard unsafe address.withSockaddr({ unsafe Glibc.bind(descriptor, $0, $1) }) == 0 else { throw .last("bind") }
        case .unix(let path):
            // The file of a process that has gone stays behind; whoever calls this holds the lock that says it has gone.
            unsafe unlink(path)
            // The file appears with the right mode: nobody connects between bind and a later chmod.
            let mask = umask(0o177)
            defer { umask(mask) }
            guard unsafe address.withSockaddr({ unsafe Glibc.bind(descriptor, $0, $1) }) == 0 else { throw .last("bind") }
        }
    }
}
