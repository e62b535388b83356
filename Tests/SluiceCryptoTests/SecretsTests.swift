import CSluiceOpenSSL
import Glibc
import SluiceCrypto
import Testing

@Suite("comparing secrets and making random ones", .serialized)
struct SecretsTests {
    @Test(
        "only equal byte strings are equal",
        arguments: [
            ("", "", true), ("a", "a", true), ("a", "b", false), ("a", "", false), ("abc", "abcd", false),
            ("abcd", "abce", false),
            ("xbcd", "abcd", false),
        ])
    func comparison(left: String, right: String, equal: Bool) {
        let result = constantTimeEquals(Array(left.utf8).span, Array(right.utf8).span)
        #expect(result == equal)
    }

    @Test("a difference in any one bit of a signature is seen")
    func bits() {
        let signature = Array(UInt8(0)..<32)
        for bit in 0..<256 {
            var other = signature
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            let result = constantTimeEquals(signature.span, other.span)
            #expect(!result)
        }
    }

    @Test("random bytes have the asked length and do not repeat", arguments: [0, 1, 16, 1_000])
    func random(count: Int) {
        let first = SecureRandom.bytes(count)
        #expect(first.count == count)
        if count >= 16 { #expect(first != SecureRandom.bytes(count)) }
    }
    @Test("a process that ends keeps OpenSSL's state, which its other threads may be using")
    func exit() async {
        await #expect(processExitsWith: .exitCode(0)) {
            OpenSSLState.keepAtExit()
            _ = SecureRandom.bytes(1)
            // Called before the state is freed.
            OPENSSL_atexit { _exit(3) }
            Glibc.exit(0)
        }
    }
}
