internal import CSluiceLinux
internal import Glibc
package import SluiceBase

/// An accepted connection, before it is added to its loop.
package struct AcceptedSocket: Sendable {
    package let descriptor: Int32
    package let peer: PeerAddress

    /// Closes a connection that is not served.
    package func close() { FileDescriptor.close(descriptor) }
}

/// Accepts connections on one loop and passes them on. Belongs to that loop; other loops may have a listener for the
/// same socket.
package final class Listener: EventHandler {
    /// The events of a listener.
    package enum Report {
        case accepted(AcceptedSocket)
        /// The process or the system has no free descriptor for a connection that waits; accepting pauses for
        /// `pauseNanoseconds`. A connection should be closed.
        case outOfDescriptors(SystemCallError)
    }

    /// The maximum number of connections accepted per wake-up, so that a flood of them does not starve the open ones.
    private static let acceptsPerWake = 16
    /// The pause without a free descriptor: 100 ms.
    package static let pauseNanoseconds: Int64 = 100_000_000
    private static let interest: Readiness = [.readable, .exclusive]

    private let socket: ListeningSocket
    private let loop: EventLoop
    private let report: (Report) -> Void
    private var source: SourceID?

    /// Starts accepting.
    ///
    /// - Parameter report: called on the loop's thread.
    package init(_ socket: ListeningSocket, on loop: EventLoop, report: @escaping (Report) -> Void)
        throws(SystemCallError)
    {
        self.socket = socket
        self.loop = loop
        self.report = report
        source = try loop.add(self, descriptor: socket.descriptor, interest: Self.interest)
    }

    /// Stops accepting on this loop. The socket stays open, and the kernel continues to queue connections.
    package func stop() {
        guard let source else { return }
        loop.remove(source)
        self.source = nil
    }

    /// Accepts all queued connections, at most as many as fit into the queue: the last step before closing.
    package func acceptAll() {
        for _ in 0..<ListeningSocket.longestQueue where !acceptOne() { return }
    }

    package func becameReady(_ readiness: Readiness) {
        for _ in 0..<Self.acceptsPerWake where !acceptOne() { return }
    }

    package func deadlinePassed() {
        guard let source else { return }
        loop.setInterest(Self.interest, for: source)
    }

    private func acceptOne() -> Bool {
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        // `filled` provides space for the largest address with its size; the call writes no more.
        let (descriptor, peer) = unsafe SocketAddress.filled { unsafe accept4(socket.descriptor, $0, $1, flags) }
        guard descriptor < 0 else {
            if case .inet = socket.address { FileDescriptor.setNoDelay(descriptor) }
            report(.accepted(AcceptedSocket(descriptor: descriptor, peer: peer)))
            return true
        }
        return mayGoOn(after: errno)
    }

    private func mayGoOn(after code: Int32) -> Bool {
        switch code {
        case EAGAIN: return false
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            // The kernel takes a descriptor before it looks whether a connection waits.
            if FileDescriptor.isReadable(socket.descriptor) { pause(SystemCallError("accept4", code: code)) }
            return false
        default:
            // The connection was closed while it was queued, or the network reports an error here (man 2 accept).
            return true
        }
    }

    /// The queue stays readable while there is no free descriptor: without a pause the loop would spin.
    private func pause(_ error: SystemCallError) {
        guard let source else { return }
        loop.unwatch(source)
        loop.setDeadline(loop.now + Self.pauseNanoseconds, for: source)
        report(.outOfDescriptors(error))
    }
}

/// A bound and listening socket without a listener. Created before anything else starts, so that a port in use is
/// detected immediately.
package struct ListeningSocket: Sendable {
    package let descriptor: Int32
    /// The bound address, with the port that the kernel chose if the settings say 0.
    package let address: SocketAddress

    /// The default maximum of connections that wait to be accepted.
    package static let longestQueue = 4096

    /// Binds and listens.
    ///
    /// - Parameter backlog: the maximum number of connections that wait to be accepted; the kernel limits it to
    ///   `net.core.somaxconn`.
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

    /// Makes the kernel drop the first packet of each new connection, so that all queued ones can be accepted before
    /// `close` resets the rest. Connections whose handshake has started are still queued.
    package func stopQueueing() {
        guard case .inet = address else { return }
        // Flags of the TCP header (RFC 9293 §3.1): with SYN the packet is dropped, otherwise it is kept.
        var program = [
            sock_filter(code: UInt16(BPF_LD | BPF_B | BPF_ABS), jt: 0, jf: 0, k: 13),
            sock_filter(code: UInt16(BPF_JMP | BPF_JSET | BPF_K), jt: 0, jf: 1, k: 0x02),
            sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0),
            sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: .max),
        ]
        // The kernel copies the program. Without it, connections of the last moment are reset.
        unsafe program.withUnsafeMutableBufferPointer { program in
            var filter = unsafe sock_fprog(len: UInt16(program.count), filter: program.baseAddress)
            _ = unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, socklen_t(MemoryLayout<sock_fprog>.size))
        }
    }

    /// Closes the socket and removes its file, if it has one; connections in the kernel's queue are reset. All its
    /// listeners must have stopped.
    package func close() {
        FileDescriptor.close(descriptor)
        // The path is a C string for the call.
        if case .unix(let path) = address { unsafe unlink(path) }
    }

    private static func bind(_ descriptor: Int32, to address: SocketAddress) throws(SystemCallError) {
        switch address {
        case .inet(let peer):
            // A restart must not wait for the last packets of old connections (man 7 socket). Never SO_REUSEPORT: it
            // would hide a second process on the same port.
            FileDescriptor.setOption(descriptor, level: SOL_SOCKET, name: SO_REUSEADDR, to: 1)
            // `[::]` means every address, including IPv4, for any value of net.ipv6.bindv6only (man 7 ipv6).
            if !peer.isIPv4 {
                FileDescriptor.setOption(
                    descriptor, level: Int32(IPPROTO_IPV6), name: IPV6_V6ONLY, to: peer.address == SIMD16() ? 0 : 1)
            }
            guard unsafe address.withSockaddr({ unsafe Glibc.bind(descriptor, $0, $1) }) == 0 else {
                throw .last("bind")
            }
        case .unix(let path):
            // The file of an ended process remains; the caller holds the lock that proves that it has ended.
            unsafe unlink(path)
            // The file is created with its final mode: nobody can connect between bind and a later chmod.
            let mask = umask(0o177)
            defer { umask(mask) }
            guard unsafe address.withSockaddr({ unsafe Glibc.bind(descriptor, $0, $1) }) == 0 else {
                throw .last("bind")
            }
        }
    }
}
