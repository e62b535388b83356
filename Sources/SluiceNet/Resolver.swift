internal import CSluiceLinux
internal import Glibc
internal import SluiceBase
internal import Synchronization

/// Resolves names on a separate thread, because the system's resolver blocks.
package final class Resolver: Sendable {
    /// A name without an address, or a resolver that does not answer.
    package struct LookUpError: Error, Sendable, CustomStringConvertible {
        /// `api.example: Name or service not known`
        package let description: String
    }

    private struct Request {
        let host: String
        let port: UInt16
        let answer: @Sendable (Result<[SocketAddress], LookUpError>) -> Void
    }

    private struct State {
        var queue: [Request] = []
        var isRunning = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Resolves a name; an address is returned unchanged, without the thread.
    ///
    /// - Parameter answer: called on the resolver's thread, or immediately on the caller's. Addresses are in the
    ///   system's order of preference (RFC 6724), at least one.
    package func resolve(
        host: String, port: UInt16, _ answer: @escaping @Sendable (Result<[SocketAddress], LookUpError>) -> Void
    ) {
        if let address = SocketAddress(host: host, port: port) { return answer(.success([address])) }
        let mustStart = state.withLock { state in
            state.queue.append(Request(host: host, port: port, answer: answer))
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard mustStart else { return }
        do throws(SystemThread.StartError) {
            try SystemThread.start(name: "resolver") { self.drain() }
        } catch {
            failAll(SystemCallError("pthread_create", code: error.code))
        }
    }

    private func drain() {
        while let request = next() {
            request.answer(Self.lookUp(request.host, port: request.port))
        }
    }

    /// The next request; `nil` ends the thread, which the next call restarts.
    private func next() -> Request? {
        state.withLock { state in
            guard !state.queue.isEmpty else {
                state.isRunning = false
                return nil
            }
            return state.queue.removeFirst()
        }
    }

    private func failAll(_ error: SystemCallError) {
        let queue = state.withLock { state in
            defer { state = State() }
            return state.queue
        }
        for request in queue { request.answer(.failure(LookUpError(description: "\(request.host): \(error)"))) }
    }

    private static func lookUp(_ host: String, port: UInt16) -> Result<[SocketAddress], LookUpError> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            // The system has a static string for each code.
            return unsafe .failure(LookUpError(description: "\(host): \(String(cString: gai_strerror(code)))"))
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        // The list ends with a null pointer and is valid until `freeaddrinfo`.
        while let entry = unsafe next {
            if let address = unsafe address(of: entry.pointee, port: port) { addresses.append(address) }
            unsafe next = entry.pointee.ai_next
        }
        guard !addresses.isEmpty else { return .failure(LookUpError(description: "\(host): no address")) }
        return .success(addresses)
    }

    private static func address(of entry: addrinfo, port: UInt16) -> SocketAddress? {
        guard let source = unsafe entry.ai_addr else { return nil }
        let length = unsafe Int(entry.ai_addrlen)
        var storage = sockaddr_storage()
        guard length <= MemoryLayout<sockaddr_storage>.size else { return nil }
        // The entry's address has `ai_addrlen` bytes, which fit.
        unsafe withUnsafeMutableBytes(of: &storage) {
            unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: length))
        }
        let peer = PeerAddress(storage)
        return .inet(PeerAddress(address: peer.address, port: port))
    }
}
