internal import CSluiceOpenSSL
internal import Glibc
package import SluiceBase
internal import Synchronization

/// The keys that encrypt session tickets, shared by all contexts of a listener: a ticket is valid on every loop and
/// across reloads of the certificate. A key is used for 12 hours and accepted for another 12 (RFC 8446 §8.1, RFC 5077
/// §5.5).
///
/// `@safe`: the pointers from OpenSSL are only used within its calls.
@safe
package final class TLSTicketKeys: Sendable {
    private let ring: Mutex<TicketKeyRing>
    private let time: any TimeSource

    package init(time: any TimeSource = SystemTime()) {
        self.time = time
        ring = Mutex(TicketKeyRing())
    }

    /// The key for new tickets; `nil` if the system has no random bytes.
    func sealing() -> TicketKeyRing.Key? {
        let now = time.monotonicNanoseconds()
        return ring.withLock { ring in
            ring.rotate(at: now) { Self.makeKey() }
            return ring.current
        }
    }

    /// The key of a ticket, and whether the ticket should be replaced by one with the current key.
    func opening(name: [UInt8]) -> (key: TicketKeyRing.Key, isOld: Bool)? {
        let now = time.monotonicNanoseconds()
        return ring.withLock { ring in
            ring.rotate(at: now) { Self.makeKey() }
            return ring.key(named: name)
        }
    }

    private static func makeKey() -> TicketKeyRing.Key? {
        var bytes = [UInt8](repeating: 0, count: 80)
        // Writes as many bytes as the array has.
        guard unsafe RAND_priv_bytes(&bytes, Int32(bytes.count)) == 1 else { return nil }
        return TicketKeyRing.Key(name: Array(bytes[..<16]), cipher: Array(bytes[16..<48]), mac: Array(bytes[48...]))
    }

    // MARK: - OpenSSL

    /// Makes a context use these keys. The context must not outlive this object.
    func use(in context: OpaquePointer) {
        // The context's owner keeps this object; only the callback reads the pointer.
        unsafe SSL_CTX_set_ex_data(context, Self.exDataIndex, Unmanaged.passUnretained(self).toOpaque())
        unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context, Self.handleTicket)
    }

    private static let exDataIndex = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, nil, nil, nil, nil)

    /// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 continues, 2 continues and creates a new ticket, 0 means no key, -1
    /// fails.
    private static let handleTicket:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?, OpaquePointer?, OpaquePointer?,
            Int32
        ) -> Int32 = { session, name, vector, cipher, mac, isSealing in
            // The pointer set in `use`; name and vector are buffers of 16 bytes.
            guard let session = unsafe session, let name = unsafe name, let vector = unsafe vector,
                let pointer = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), TLSTicketKeys.exDataIndex)
            else { return -1 }
            let keys = unsafe Unmanaged<TLSTicketKeys>.fromOpaque(pointer).takeUnretainedValue()
            if isSealing == 1 {
                guard let key = keys.sealing(), unsafe RAND_bytes(vector, 16) == 1 else { return -1 }
                unsafe name.update(from: key.name, count: 16)
                let isReady = unsafe EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.cipher, vector) == 1
                guard isReady, unsafe TLSTicketKeys.setMAC(key, mac) else { return -1 }
                return 1
            }
            guard let found = keys.opening(name: unsafe Array(UnsafeBufferPointer(start: name, count: 16))) else {
                return 0
            }
            let isReady = unsafe EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nil, found.key.cipher, vector) == 1
            guard isReady, unsafe TLSTicketKeys.setMAC(found.key, mac) else { return -1 }
            // A client uses a ticket of TLS 1.3 once (RFC 8446 §C.4): without a new one, its next handshake is a full
            // one.
            let isUsedOnce = unsafe SSL_version(session) == TLS1_3_VERSION
            return found.isOld || isUsedOnce ? 2 : 1
        }

    // Kept as long as the process: parameters contain pointers to their names and texts.
    nonisolated(unsafe) private static let keyName = unsafe strdup(OSSL_MAC_PARAM_KEY)
    nonisolated(unsafe) private static let digestName = unsafe strdup(OSSL_MAC_PARAM_DIGEST)
    nonisolated(unsafe) private static let digest = unsafe strdup("SHA256")

    private static func setMAC(_ key: TicketKeyRing.Key, _ mac: OpaquePointer?) -> Bool {
        var bytes = key.mac
        // The key outlives the call, which copies it.
        return unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            let parameters = unsafe [
                OSSL_PARAM_construct_octet_string(keyName, bytes.baseAddress, bytes.count),
                OSSL_PARAM_construct_utf8_string(digestName, digest, 0), OSSL_PARAM_construct_end(),
            ]
            return unsafe EVP_MAC_CTX_set_params(mac, parameters) == 1
        }
    }
}

/// Which key encrypts tickets and which ones decrypt them. State without I/O.
struct TicketKeyRing {
    struct Key: Hashable {
        /// 16 bytes that identify the key in a ticket.
        let name: [UInt8]
        /// 32 bytes for AES-256.
        let cipher: [UInt8]
        /// 32 bytes for HMAC-SHA-256.
        let mac: [UInt8]
    }

    static let periodNanoseconds: Int64 = 12 * 3600 * 1_000_000_000

    private(set) var current: Key?
    private var previous: Key?
    private var madeAt: Int64 = 0

    /// Replaces a key that is old enough. If no new one can be created, nothing changes.
    mutating func rotate(at now: Int64, make: () -> Key?) {
        guard current == nil || now - madeAt >= Self.periodNanoseconds, let made = make() else { return }
        // After two periods without a handshake, the last key is too old to be accepted.
        previous = now - madeAt < 2 * Self.periodNanoseconds ? current : nil
        current = made
        madeAt = now
    }

    func key(named name: [UInt8]) -> (key: Key, isOld: Bool)? {
        if let current, current.name == name { return (current, false) }
        if let previous, previous.name == name { return (previous, true) }
        return nil
    }
}
