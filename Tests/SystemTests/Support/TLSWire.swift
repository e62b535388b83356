import CSluiceOpenSSL
import Glibc
import SluiceBase
import SluiceNet
import TestSupport

/// A TLS connection over which a test sends what it likes, a packet for each call. Checks no certificate, blocks, and
/// belongs to the thread that made it.
@safe final class TLSWire {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// How long a call waits for the other side, in seconds.
    private static let patience = 60

    /// Of all connections. Never freed; OpenSSL lets all threads use it.
    nonisolated(unsafe) private static let context = unsafe SSL_CTX_new(TLS_client_method())

    private let descriptor: Int32
    // Made in `init`, used by this class alone, freed in `deinit`.
    private let session: OpaquePointer

    /// Connects and completes the handshake.
    init(port: UInt16) throws {
        let socket = try RawSocket(port: port)
        guard let session = unsafe SSL_new(Self.context) else { throw Failure(description: "OpenSSL has no memory") }
        unsafe self.session = session
        descriptor = socket.detach()
        var one: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        unsafe SSL_set_fd(session, descriptor)
        unsafe SSL_set_connect_state(session)
        guard unsafe SSL_do_handshake(session) == 1 else { throw Failure(description: "the handshake failed") }
    }

    deinit {
        unsafe SSL_free(session)
        Glibc.close(descriptor)
    }

    func send(_ bytes: [UInt8]) throws {
        let count = unsafe bytes.withUnsafeBytes { unsafe SSL_write(session, $0.baseAddress, Int32($0.count)) }
        guard count == bytes.count else { throw Failure(description: "the connection takes no more bytes") }
    }

    /// Sends a close_notify, and goes on reading.
    func finishSending() { unsafe SSL_shutdown(session) }

    /// Changes the keys.
    ///
    /// - Returns: false once the other side has ended the connection.
    func updateKey() -> Bool {
        unsafe SSL_key_update(session, SSL_KEY_UPDATE_NOT_REQUESTED)
        return unsafe SSL_do_handshake(session) == 1
    }

    /// The status of the next answer, which must come in one record.
    func status() throws -> Int {
        let text = String(decoding: try receive(), as: UTF8.self)
        guard let status = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw Failure(description: "no answer but '\(text)'")
        }
        return status
    }

    /// What comes next; nothing once the other side has closed in good order.
    func receive() throws -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe block.withUnsafeMutableBytes { unsafe SSL_read(session, $0.baseAddress, Int32($0.count)) }
        if count > 0 { return Array(block[..<Int(count)]) }
        let code = errno
        guard unsafe SSL_get_error(session, count) == SSL_ERROR_ZERO_RETURN else {
            throw Failure(description: "the connection broke (error \(code))")
        }
        // Behind the end of TLS comes that of the connection, which is a reset where bytes were left unread.
        guard unsafe recv(descriptor, &block, block.count, 0) == 0 else {
            throw Failure(description: "the connection was reset")
        }
        return []
    }
}
