internal import CSluiceLinux
internal import CSluiceOpenSSL
internal import Glibc

/// The result of an attempt to move bytes.
package enum StreamProgress: Sendable, Hashable {
    /// The number of bytes moved, at least one.
    case moved(Int)
    /// Retry when the descriptor is readable.
    case wantsRead
    /// Retry when the descriptor is writable.
    case wantsWrite
    /// The peer has sent its last byte.
    case ended
    /// The connection is broken.
    case failed(StreamError)
}

/// Why a connection is broken.
package enum StreamError: Error, Sendable, Hashable, CustomStringConvertible {
    case system(SystemCallError)
    case tls(TLSError)

    package var description: String {
        switch self {
        case .system(let error): error.description
        case .tls(let error): error.description
        }
    }
}

/// One connected socket, with or without TLS. Belongs to its owner's event loop; owns the descriptor.
///
/// `@safe`: the only unsafe member is the TLS session, created in `begin` and freed in `close`, after which it is not
/// used.
@safe
package final class Stream {
    package let descriptor: Int32
    private var session: OpaquePointer?
    /// Below the session; keeps a ClientHello until the session is created; `nil` without TLS.
    private var transport: TLSTransport?
    /// Creates the session when a ClientHello has arrived, so that a silent client needs none. Kept as long as the
    /// session, which calls it.
    private let serverContext: TLSServerContext?
    private var isOpen = true
    /// Set by a TLS error after which the session must not be used any more, not even for `close_notify`
    /// (SSL_get_error(3)).
    private var isSessionBroken = false

    /// Takes ownership of an accepted connection.
    package init(accepted descriptor: Int32, tls: TLSServerContext?) {
        self.descriptor = descriptor
        serverContext = tls
        if tls != nil { transport = TLSTransport(descriptor: descriptor, checksHello: true) }
    }

    /// Takes ownership of a connecting socket.
    ///
    /// - Parameter host: the name that the server's certificate must match; only used with TLS.
    package init(connecting descriptor: Int32, tls: TLSClientContext?, host: String) throws(TLSError) {
        self.descriptor = descriptor
        serverContext = nil
        guard let tls else { return }
        let transport = TLSTransport(descriptor: descriptor, checksHello: false)
        self.transport = transport
        try unsafe begin(try tls.makeSession(host: host), over: transport)
    }

    private func begin(_ made: OpaquePointer, over transport: TLSTransport) throws(TLSError) {
        guard unsafe transport.attach(to: made) else {
            unsafe SSL_free(made)
            throw .fromQueue("OpenSSL cannot use the socket")
        }
        unsafe session = made
    }

    deinit { close() }

    package var isTLS: Bool { transport != nil }

    /// Whether the session has buffered bytes, decrypted or encrypted, which epoll does not report.
    package var hasBufferedBytes: Bool {
        guard let session = unsafe session, let transport else { return false }
        return unsafe transport.hasHeldBytes || SSL_has_pending(session) == 1
    }

    /// Whether a handshake that uses memory has started: a session, or much of a ClientHello.
    package var hasCostlyHandshake: Bool { unsafe session != nil || (transport?.heldCount ?? 0) > Self.cheapHello }

    /// Continues the TLS handshake, if there is TLS. One call handles a bounded number of records.
    ///
    /// - Returns: `.moved(0)` when it is complete; `.failed` with the cause `clearText` leaves the stream without TLS,
    ///   for an answer that the peer can read.
    package func handshake() -> StreamProgress {
        guard let transport else { return .moved(0) }
        if unsafe session == nil, let stop = makeSession(transport) { return stop }
        guard let session = unsafe session else { return .ended }
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(session)
        guard result == 1 else { return progress(ofFailed: result, "the TLS handshake failed") }
        transport.ledger.handshakeCompleted()
        return .moved(0)
    }

    /// - Returns: `nil` once there is a session.
    private func makeSession(_ transport: TLSTransport) -> StreamProgress? {
        guard let serverContext, isOpen else { return .ended }
        if let outcome = transport.receiveHello() {
            if transport.refusal == .clearText { self.transport = nil }
            return progress(of: outcome, transport)
        }
        do throws(TLSError) {
            try unsafe begin(serverContext.makeSession(), over: transport)
            return nil
        } catch {
            return .failed(.tls(error))
        }
    }

    private func progress(of outcome: TLSTransport.TransferError, _ transport: TLSTransport) -> StreamProgress {
        switch outcome {
        case .blocked: .wantsRead
        case .ended: .ended
        case .failed:
            if let refusal = transport.refusal {
                .failed(.tls(TLSError(refused: refusal)))
            } else {
                .failed(.system(SystemCallError("recv", code: transport.systemError)))
            }
        }
    }

    /// Reads the available bytes that fit into `buffer`. With TLS at most one record, and a bounded number of records
    /// without data.
    package func read(into buffer: inout [UInt8]) -> StreamProgress {
        // The buffer is only borrowed for this call.
        unsafe buffer.withUnsafeMutableBytes { target in
            guard let transport else { return unsafe readPlain(target) }
            guard let session = unsafe session else { return .ended }
            ERR_clear_error()
            let count = unsafe SSL_read(session, target.baseAddress, Int32(clamping: target.count))
            guard count > 0 else { return progress(ofFailed: count, "the TLS connection failed") }
            transport.ledger.dataReceived(Int(count))
            return .moved(Int(count))
        }
    }

    /// Writes `bytes` from `offset` on, as much as the socket accepts.
    package func write(_ bytes: [UInt8], from offset: Int) -> StreamProgress {
        // The buffer is only borrowed for this call.
        unsafe bytes.withUnsafeBytes { source in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: source[offset...])
            guard transport != nil else { return unsafe writePlain(rest) }
            guard let session = unsafe session else { return .ended }
            ERR_clear_error()
            let count = unsafe SSL_write(session, rest.baseAddress, Int32(clamping: rest.count))
            return count > 0 ? .moved(Int(count)) : progress(ofFailed: count, "the TLS connection failed")
        }
    }

    /// Ends writing: `close_notify` with TLS (RFC 8446 §6.1), then FIN. Reading continues.
    package func finishWriting() {
        guard isOpen else { return }
        sendCloseNotify()
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes the socket. Can be repeated.
    ///
    /// Bytes that nobody read would make the kernel reset the connection, and the peer may then lose the answer that
    /// was just written (RFC 9112 §9.6). So those that have arrived are discarded, up to 64 KiB.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        sendCloseNotify()
        // Discards without copying (man 7 tcp). With SO_LINGER of `abort`, the connection is reset in any case.
        _ = recv(descriptor, nil, 1 << 16, Int32(MSG_TRUNC | MSG_DONTWAIT))
        if let session = unsafe session { unsafe SSL_free(session) }
        unsafe session = nil
        FileDescriptor.close(descriptor)
    }

    /// Closes the socket with a reset, so that the peer does not mistake the data for a complete answer.
    package func abort() {
        guard isOpen else { return }
        isSessionBroken = true
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        // Closing with no time to linger resets (man 7 socket).
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    private func sendCloseNotify() {
        guard let session = unsafe session, !isSessionBroken, unsafe SSL_get_shutdown(session) & SSL_SENT_SHUTDOWN == 0
        else { return }
        ERR_clear_error()
        // The peer's answer does not matter: the connection closes in any case.
        if unsafe SSL_is_init_finished(session) == 1 { unsafe SSL_shutdown(session) }
        ERR_clear_error()
    }

    private func readPlain(_ target: UnsafeMutableRawBufferPointer) -> StreamProgress {
        let count = unsafe recv(descriptor, target.baseAddress, target.count, 0)
        if count > 0 { return .moved(count) }
        return count == 0 ? .ended : progress(ofErrno: errno, "recv", blocked: .wantsRead)
    }

    private func writePlain(_ source: UnsafeRawBufferPointer) -> StreamProgress {
        let count = unsafe send(descriptor, source.baseAddress, source.count, Int32(MSG_NOSIGNAL))
        return count >= 0 ? .moved(count) : progress(ofErrno: errno, "send", blocked: .wantsWrite)
    }

    private func progress(ofErrno code: Int32, _ call: String, blocked: StreamProgress) -> StreamProgress {
        switch code {
        case EAGAIN, EINTR: blocked
        default: .failed(.system(SystemCallError(call, code: code)))
        }
    }

    private func progress(ofFailed result: Int32, _ what: String) -> StreamProgress {
        guard let session = unsafe session, let transport else { return .ended }
        if let refusal = transport.ledger.isFlooded ? .tooManyRecords : transport.refusal {
            isSessionBroken = true
            return .failed(.tls(TLSError(refused: refusal)))
        }
        let kind = unsafe SSL_get_error(session, result)
        switch kind {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SYSCALL:
            isSessionBroken = true
            return .failed(.system(SystemCallError("recv or send", code: transport.systemError)))
        default:
            isSessionBroken = true
            return unsafe brokenSession(what, session)
        }
    }

    /// A peer that closes without `close_notify` has still ended: HTTP/1.1 messages contain their length, which shows
    /// truncated ones (RFC 9112 §9.8).
    private func brokenSession(_ what: String, _ session: OpaquePointer) -> StreamProgress {
        let code = ERR_peek_error()
        if code & 0x7F_FFFF == UInt(SSL_R_UNEXPECTED_EOF_WHILE_READING) {
            ERR_clear_error()
            return .ended
        }
        let verdict = unsafe SSL_get_verify_result(session)
        guard verdict != Int(X509_V_OK) else { return .failed(.tls(.fromQueue(what))) }
        ERR_clear_error()
        // OpenSSL has a static string for each verdict.
        return unsafe .failed(.tls(TLSError("\(what): \(String(cString: X509_verify_cert_error_string(verdict)))")))
    }

    /// The bytes of a ClientHello that do not count as a handshake yet.
    private static let cheapHello = 4096
}
