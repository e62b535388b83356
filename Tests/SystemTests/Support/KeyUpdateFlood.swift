import CSluiceOpenSSL
import Glibc
import SluiceBase
import SluiceNet
import TestSupport

/// A TLS 1.3 client that changes its keys again and again, which costs the server two derivations each time.
enum KeyUpdateFlood {
    struct Failure: Error {}

    /// Sends so many KeyUpdate messages, a record each, on a connection of its own. Blocks; the connection checks no certificate.
    ///
    /// - Returns: how many went before the server ended the connection.
    static func send(_ count: Int, to port: UInt16) throws -> Int {
        let socket = try RawSocket(port: port)
        // The descriptor is closed below; context and session are made and freed here.
        let descriptor = socket.detach()
        defer { Glibc.close(descriptor) }
        guard let context = unsafe SSL_CTX_new(TLS_client_method()), let session = unsafe SSL_new(context) else { throw Failure() }
        defer {
            unsafe SSL_free(session)
            unsafe SSL_CTX_free(context)
        }
        unsafe SSL_set_fd(session, descriptor)
        unsafe SSL_set_connect_state(session)
        guard unsafe SSL_do_handshake(session) == 1 else { throw Failure() }
        for sent in 0..<count {
            unsafe SSL_key_update(session, SSL_KEY_UPDATE_NOT_REQUESTED)
            guard unsafe SSL_do_handshake(session) == 1 else { return sent }
        }
        return count
    }
}
