internal import CSluiceLinux
internal import CSluiceOpenSSL
internal import Glibc

/// What lies between OpenSSL and the socket: moves the bytes, holds those of a ClientHello until a whole record is
/// there, and keeps the record ledger. Belongs to a `Stream`, which lives longer than the session that has a pointer to
/// it.
///
/// `@safe`: the pointers that OpenSSL passes are used within its calls only.
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
    /// Received and not handed to OpenSSL yet, from `heldStart` on.
    private var held: [UInt8] = []
    private var heldStart = 0
    /// How many of the held bytes are a record that was checked.
    private var checked = 0

    var ledger = TLSRecordLedger()
    /// Why what the peer sent was not handed to OpenSSL.
    private(set) var refusal: TLSFailureCause?
    /// The `errno` of the last call that failed.
    private(set) var systemError: Int32 = 0
    private var isAtEnd = false

    /// - Parameter checksHello: whether the peer is a client whose ClientHello is to be checked.
    init(descriptor: Int32, checksHello: Bool) {
        self.descriptor = descriptor
        phase = checksHello ? .hello : .open
    }

    /// Whether bytes lie here, of which epoll knows nothing.
    var hasHeldBytes: Bool { heldStart < held.count }
    /// How much is held of a ClientHello that is not whole.
    var heldCount: Int { held.count - heldStart }

    /// Receives until the first record of the ClientHello is there.
    ///
    /// - Returns: nil when it is.
    func receiveHello() -> TransferError? { checked > 0 ? nil : checkNextRecord() }

    // MARK: - What OpenSSL tells

    /// Makes a BIO over this object and gives it to the session, which frees it.
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

    /// Called for each record header received and each handshake message sent (SSL_set_msg_callback(3)). Saying that
    /// the peer has shut down is the one way to make `SSL_read` return before the peer stops sending.
    private static let noteMessage:
        @convention(c) (Int32, Int32, Int32, UnsafeRawPointer?, Int, OpaquePointer?, UnsafeMutableRawPointer?) -> Void =
            {
                isSent, _, contentType, bytes, count, session, argument in
                guard let argument = unsafe argument else { return }
                let transport = unsafe Unmanaged<TLSTransport>.fromOpaque(argument).takeUnretainedValue()
                if isSent == 0, contentType == SSL3_RT_HEADER {
                    transport.ledger.recordReceived()
                    guard transport.ledger.isFlooded, let session = unsafe session else { return }
                    unsafe SSL_set_shutdown(session, SSL_get_shutdown(session) | SSL_RECEIVED_SHUTDOWN)
                } else if isSent == 1, contentType == SSL3_RT_HANDSHAKE, transport.phase == .hello {
                    unsafe transport.noteSent(UnsafeRawBufferPointer(start: bytes, count: count))
                }
            }

    /// The ServerHello ends the checking, unless it is a request for another ClientHello, told by its random bytes (RFC
    /// 8446 §4.1.3).
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
    /// - Returns: how many bytes, at least one, or what stood in the way.
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
        // The bytes are OpenSSL's for the call.
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

    /// Receives a piece into the held bytes, which are never more than a record and a piece.
    private func receiveHeld() -> TransferError? {
        // The memory is the closure's for the call.
        unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { piece in
            if let stop = unsafe receive(into: piece) { return stop }
            unsafe held.append(contentsOf: piece.prefix(received))
            return nil
        }
    }

    private var received = 0

    /// - Returns: nil where `received` bytes came.
    private func receive(into target: UnsafeMutableRawBufferPointer) -> TransferError? {
        // The buffer is the caller's for the call.
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
    // Made once, kept for the life of the process, and not changed afterwards.
    nonisolated(unsafe) static let pointer = unsafe make()

    // From openssl/bio.h, where they are macros over others.
    private static let retryFlags = BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY

    private static func make() -> OpaquePointer? {
        // The functions have no context of their own: each finds its transport in its BIO.
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
        // The BIO is OpenSSL's for the call.
        unsafe BIO_clear_flags(bio, retryFlags)
        switch result {
        case .success(let count): return Int32(clamping: count)
        case .failure(let stop):
            if stop == .blocked { unsafe BIO_set_flags(bio, direction | BIO_FLAGS_SHOULD_RETRY) }
            return stop == .ended ? 0 : -1
        }
    }
}

/// Counts the TLS records that bring no application data: KeyUpdate, empty records, alerts, attempts to renegotiate,
/// pieces of a handshake. Each costs the receiver far more than the sender, and OpenSSL reads on as long as they come.
/// State machine without I/O.
struct TLSRecordLedger {
    /// So many may come, and one more for each `bytesForOne` of application data, never more than this ahead. A
    /// handshake takes four; a peer that follows the limits on key usage sends a KeyUpdate once in many gigabytes (RFC
    /// 8446 §5.5).
    static let allowance = 64
    static let bytesForOne = 64 * 1024

    private var left = allowance
    /// Records since the last application data; the one that brings the next data is among them.
    private var sinceData = 0
    private var dataBytes = 0

    /// Whether the peer has sent more of them than it may.
    private(set) var isFlooded = false

    /// The header of a record has been received.
    mutating func recordReceived() {
        sinceData += 1
        if sinceData > left + 1 { isFlooded = true }
    }

    /// Application data came out of the last record.
    mutating func dataReceived(_ count: Int) {
        left -= max(0, sinceData - 1)
        sinceData = 0
        dataBytes += count
        left = min(Self.allowance, left + dataBytes / Self.bytesForOne)
        dataBytes %= Self.bytesForOne
    }

    /// The handshake is complete; what it took does not count against what follows.
    mutating func handshakeCompleted() {
        left = Self.allowance
        sinceData = 0
    }
}
