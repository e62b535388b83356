internal import CSluiceLinux
internal import Glibc

/// Starts and finishes outgoing connections.
package enum ConnectingSocket {
    /// Starts to connect; the descriptor turns writable when it is decided.
    ///
    /// - Returns: a non-blocking descriptor, owned by the caller, to be given to a `Stream`.
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

    /// What became of the attempt, once the descriptor is writable.
    package static func outcome(_ descriptor: Int32) throws(SystemCallError) {
        let code = FileDescriptor.pendingError(descriptor)
        guard code == 0 else { throw SystemCallError("connect", code: code) }
    }
}
