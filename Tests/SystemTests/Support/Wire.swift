internal import Glibc
import SluiceBase
import SluiceNet
import Synchronization

/// A TCP connection over which a test sends whatever bytes it likes. Closed, at the latest, when the last reference to
/// it is released.
final class Wire: Sendable {
    /// How the other side has ended the connection.
    enum Ending: Sendable, Hashable { case closed, reset }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let descriptor: Int32
    private let isOpen = Mutex(true)
    /// Received and not yet taken.
    private let received = Mutex<[UInt8]>([])

    /// Connects to a port of this machine.
    ///
    /// - Parameter receiveBuffer: the size of the socket's receive buffer in bytes, for a sender that does not read.
    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemCallError("socket", code: errno) }
        if var size = receiveBuffer {
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let descriptor = descriptor
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SystemCallError("connect", code: errno) }
        var one: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close() }

    // MARK: - Sending

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends bytes that the socket's buffers hold; blocks where they do not.
    func send(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw SystemCallError("send", code: errno) }
            done += count
        }
    }

    /// Sends as much as the socket takes without waiting.
    ///
    /// - Returns: how many bytes went.
    func sendWhatFits(_ bytes: [UInt8]) -> Int {
        let count = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        return max(0, count)
    }

    /// Says that nothing more will be sent, and goes on reading.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    // MARK: - Ending

    func close() {
        isOpen.withLock { isOpen in
            if isOpen { Glibc.close(descriptor) }
            isOpen = false
        }
    }

    /// Closes with a reset, as a process does that is killed with unread bytes.
    func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    // MARK: - Receiving

    /// The next answer.
    ///
    /// - Parameter isToHead: whether it has no body, whatever its length says.
    func answer(isToHead: Bool = false, within limit: Duration = .seconds(300)) async throws -> WireAnswer {
        let end = ContinuousClock.now + limit
        return try await blocking { [self] in try nextAnswer(isToHead: isToHead, until: end) }
    }

    /// The same for a thread that may block.
    func nextAnswer(isToHead: Bool = false, until end: ContinuousClock.Instant) throws -> WireAnswer {
        while true {
            if let answer = received.withLock({ WireAnswer.take(from: &$0, isToHead: isToHead) }) { return answer }
            if let ending = try receive(until: end) {
                throw Failure(description: "\(ending) before an answer was complete; there was: '\(text)'")
            }
        }
    }

    /// Waits until the other side closes.
    ///
    /// - Returns: what came until then and was not taken, and how it ended.
    func ending(within limit: Duration = .seconds(300)) async throws -> (rest: [UInt8], ending: Ending) {
        let end = ContinuousClock.now + limit
        return try await blocking { [self] in
            while true {
                guard let ending = try receive(until: end) else { continue }
                return (received.withLock { $0 }, ending)
            }
        }
    }

    /// Whether the connection is open and nothing has come that was not taken.
    var isQuiet: Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        return count < 0 && errno == EAGAIN && received.withLock { $0.isEmpty }
    }

    private var text: String { received.withLock { String(decoding: $0, as: UTF8.self) } }

    /// - Returns: nil when bytes came.
    private func receive(until end: ContinuousClock.Instant) throws -> Ending? {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let left = max(0, (end - ContinuousClock.now) / .milliseconds(1))
        guard unsafe poll(&watched, 1, Int32(left)) > 0 else {
            throw Failure(description: "nothing came in time; there was: '\(text.prefix(2000))'")
        }
        var block = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe block.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return count == 0 ? .closed : .reset }
        received.withLock { $0 += block[..<count] }
        return nil
    }
}
