internal import CSluiceLinux
internal import CSluiceOpenSSL
internal import Glibc

/// The layer between OpenSSL and the socket: moves bytes, holds those of a ClientHello until a whole record has
/// arrived, and keeps the record ledger. Belongs to a `Stream`, which outlives the session with its pointer to this
/// object.
///
/// `@safe`: the pointers from OpenSSL are only used within its calls.
@safe
final class TLSTransport {
    private enum Phase {
        /// Until the server has answered a ClientHello: one checked record at a time.
        case hello
        case open
    }

    /// Why nothing was read or written.
    enum TransferError: Error, Hashable {
        case blocked
        case ended
        case failed
    }

    private let descriptor: Int32
    private var phase: Phase
    private var gate = ClientHelloGate()
    /// Received and not passed to OpenSSL yet, from `heldStart` on.
    private var held: [UInt8] = []
    private var heldStart = 0
    /// The number of held bytes that belong to a checked record.
    private var checked = 0

    var ledger = TLSRecordLedger()
    /// Why the peer's data was not passed to OpenSSL.
    private(set) var refusal: TLSFailureCause?
    /// The `errno` of the last failed call.
    private(set) var systemError: Int32 = 0
    private var isAtEnd = false

    /// - Parameter checksHello: whether the peer is a client, whose ClientHello is checked.
    init(descriptor: Int32, checksHello: Bool) {
        self.descriptor = descriptor
        phase = checksHello ? .hello : .open
    }

    /// Whether there are held bytes, which epoll does not report.
    var hasHeldBytes: Bool { heldStart < held.count }
    /// The number of held bytes of an incomplete ClientHello.
    var heldCount: Int { held.count - heldStart }

    /// Receives until the first record of the ClientHello is complete.
    ///
    /// - Returns: `nil` when it is.
    func receiveHello() -> TransferError? { checked > 0 ? nil : checkNextRecord() }

    // MARK: - Callbacks from OpenSSL

    /// Creates a BIO for this object and passes it to the session, which frees it.
    func attach(to session: OpaquePointer) -> Bool {
        guard let method = unsafe SocketMethod.pointer, let bio = unsafe BIO_new(method) else { return false }
        let pointer = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe BIO_set_data(bio, pointer)
        unsafe BIO_set_init(bio, 1)
        unsafe SSL_set_bio(session, bio, bio)
        unsafe SSL_set_msg_callback(session, Self.noteMessage)
        // SSL_set_msg_callback_arg is a macro over SSL_ctrl.
        unsafe SSL_ctrl(session, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, pointer)
        return true
    }

    /// Called for each received record header and each sent handshake message (SSL_set_msg_callback(3)). Marking the
    /// peer as shut down is the only way to make `SSL_read` return before the peer stops sending.
    private static let noteMessage:
        @convention(c) (Int32, Int32, Int32, UnsafeRawPointer?, Int, OpaquePointer?, UnsafeMutableRawPointer?) -> Void =
            {
                isSent, _, contentType, bytes, count, session, argument in
                let isHeaderReceived = isSent == 0 && contentType == SSL3_RT_HEADER
                let isHandshakeSent = isSent == 1 && contentType == SSL3_RT_HANDSHAKE
                guard isHeaderReceived || isHandshakeSent, let argument = unsafe argument else { return }
                let transport = unsafe Unmanaged<TLSTransport>.fromOpaque(argument).takeUnretainedValue()
                if isHeaderReceived {
                    transport.ledger.recordReceived()
                    guard transport.ledger.isFlooded, let session = unsafe session else { return }
                    unsafe SSL_set_shutdown(session, SSL_get_shutdown(session) | SSL_RECEIVED_SHUTDOWN)
                } else if transport.phase == .hello {
                    unsafe transport.noteSent(UnsafeRawBufferPointer(start: bytes, count: count))
                }
            }

    /// The ServerHello ends the checks, unless it is a HelloRetryRequest, recognized by its random bytes (RFC 8446
    /// §4.1.3).
    private func noteSent(_ message: UnsafeRawBufferPointer) {
        // Bounds are checked by the prefix.
        guard unsafe message.first == UInt8(SSL3_MT_SERVER_HELLO) else { return }
        let random = unsafe message.dropFirst(6).prefix(4)
        if unsafe random.elementsEqual([0xCF, 0x21, 0xAD, 0x74]) {
            gate.retryRequested()
        } else {
            phase = .open
        }
    }

    // MARK: - Bytes

    /// Reads for OpenSSL.
    ///
    /// - Returns: the number of bytes, at least one, or the obstacle.
    fileprivate func read(into target: UnsafeMutableRawBufferPointer) -> Result<Int, TransferError> {
        if phase == .hello, checked == 0, let stop = checkNextRecord() { return .failure(stop) }
        let available = phase == .hello ? checked : heldCount
        guard available > 0 else {
            if let stop = unsafe receive(into: target) { return .failure(stop) }
            return .success(received)
        }
        let count = min(available, target.count)
        // Both are at least `count` long.
        unsafe held.withUnsafeBytes {
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[heldStart..<heldStart + count]))
        }
        heldStart += count
        checked = max(0, checked - count)
        if !hasHeldBytes { (held, heldStart) = ([], 0) }
        return .success(count)
    }

    fileprivate func write(_ source: UnsafeRawBufferPointer) -> Result<Int, TransferError> {
        // OpenSSL lends the bytes for this call.
        let count = unsafe send(descriptor, source.baseAddress, source.count, Int32(MSG_NOSIGNAL))
        return count >= 0 ? .success(count) : .failure(failure(errno))
    }

    fileprivate var hasEnded: Bool { isAtEnd }

    private func checkNextRecord() -> TransferError? {
        while true {
            switch gate.next(held[heldStart...]) {
            case .record(let length):
                checked = length
                return nil
            case .refused(let cause):
                refusal = cause
                return .failed
            case .needMore:
                if let stop = receiveHeld() { return stop }
            }
        }
    }

    /// Receives a piece into the held bytes, which are at most a record and a piece.
    private func receiveHeld() -> TransferError? {
        // The memory belongs to the closure during this call.
        unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { piece in
            if let stop = unsafe receive(into: piece) { return stop }
            unsafe held.append(contentsOf: piece.prefix(received))
            return nil
        }
    }

    private var received = 0

    /// - Returns: `nil` if bytes were received.
    private func receive(into target: UnsafeMutableRawBufferPointer) -> TransferError? {
        // The caller lends the buffer for this call.
        received = unsafe recv(descriptor, target.baseAddress, target.count, 0)
        if received > 0 { return nil }
        guard received < 0 else {
            isAtEnd = true
            return .ended
        }
        return failure(errno)
    }

    private func failure(_ code: Int32) -> TransferError {
        if code == EAGAIN || code == EINTR { return .blocked }
        systemError = code
        return .failed
    }
}

/// The BIO over a `TLSTransport` (BIO_meth_new(3)).
private enum SocketMethod {
    // Created once, kept as long as the process, and not changed afterwards.
    nonisolated(unsafe) static let pointer = unsafe make()

    // From openssl/bio.h, where they are macros over others.
    private static let retryFlags = BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY

    private static func make() -> OpaquePointer? {
        // The functions have no context: each finds its transport in its BIO.
        guard let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sluice socket") else {
            return nil
        }
        unsafe BIO_meth_set_read(method) { bio, bytes, count in
            guard let transport = unsafe SocketMethod.transport(of: bio), let bytes = unsafe bytes, count > 0 else {
                return -1
            }
            return unsafe SocketMethod.answer(
                transport.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))), to: bio,
                direction: BIO_FLAGS_READ)
        }
        unsafe BIO_meth_set_write(method) { bio, bytes, count in
            guard let transport = unsafe SocketMethod.transport(of: bio), let bytes = unsafe bytes, count > 0 else {
                return -1
            }
            return unsafe SocketMethod.answer(
                transport.write(UnsafeRawBufferPointer(start: bytes, count: Int(count))), to: bio,
                direction: BIO_FLAGS_WRITE)
        }
        unsafe BIO_meth_set_ctrl(method) { bio, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH: 1
            case BIO_CTRL_EOF: unsafe SocketMethod.transport(of: bio)?.hasEnded == true ? 1 : 0
            default: 0
            }
        }
        return unsafe method
    }

    private static func transport(of bio: OpaquePointer?) -> TLSTransport? {
        // Set by `attach`, and the transport outlives the session that owns the BIO.
        guard let bio = unsafe bio, let data = unsafe BIO_get_data(bio) else { return nil }
        return unsafe Unmanaged<TLSTransport>.fromOpaque(data).takeUnretainedValue()
    }

    private static func answer(
        _ result: Result<Int, TLSTransport.TransferError>, to bio: OpaquePointer?, direction: Int32
    ) -> Int32 {
        // OpenSSL lends the BIO for this call.
        unsafe BIO_clear_flags(bio, retryFlags)
        switch result {
        case .success(let count): return Int32(clamping: count)
        case .failure(let stop):
            if stop == .blocked { unsafe BIO_set_flags(bio, direction | BIO_FLAGS_SHOULD_RETRY) }
            return stop == .ended ? 0 : -1
        }
    }
}

/// Counts the TLS records without application data: KeyUpdate, empty records, alerts, attempts to renegotiate, pieces
/// of a handshake. Each costs the receiver far more than the sender, and OpenSSL continues to read them. State machine
/// without I/O.
struct TLSRecordLedger {
    /// The number of such records allowed, plus one for each `bytesForOne` of application data, at most this number in
    /// advance. A handshake takes four; a peer that follows the limits on key usage sends a KeyUpdate once in many
    /// gigabytes (RFC 8446 §5.5).
    static let allowance = 64
    static let bytesForOne = 64 * 1024

    private var left = allowance
    /// Records since the last application data, including the one with the next data.
    private var sinceData = 0
    private var dataBytes = 0

    /// Whether the peer has exceeded the limit.
    private(set) var isFlooded = false

    /// Records the header of a received record.
    mutating func recordReceived() {
        sinceData += 1
        if sinceData > left + 1 { isFlooded = true }
    }

    /// Records that the last record had application data.
    mutating func dataReceived(_ count: Int) {
        left -= max(0, sinceData - 1)
        sinceData = 0
        dataBytes += count
        left = min(Self.allowance, left + dataBytes / Self.bytesForOne)
        dataBytes %= Self.bytesForOne
    }

    /// Records that the handshake is complete; its records do not count towards the later limit.
    mutating func handshakeCompleted() {
        left = Self.allowance
        sinceData = 0
    }
}
