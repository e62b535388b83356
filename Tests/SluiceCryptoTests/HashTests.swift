import SluiceCrypto
import Testing

@Suite("hashes", .serialized)
struct HashTests {
    private static let long = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

    @Test(
        "the examples of FIPS 180 hold",
        arguments: [
            (.sha1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            (.sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (.sha1, long, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
            (.sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (.sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (.sha256, long, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
            (
                .sha512, "",
                "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                    + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
            ),
            (
                .sha512, "abc",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                    + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            ),
        ] as [(HashAlgorithm, String, String)])
    func vectors(algorithm: HashAlgorithm, text: String, hex: String) {
        let digest = Hash.digest(algorithm, Array(text.utf8).span)
        #expect(digest.hex == hex)
        #expect(digest.count == algorithm.digestSize)
    }

    @Test("a million letters hash as FIPS 180 says, in one piece")
    func million() {
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(Hash.digest(.sha256, text.span).hex == expected)
    }

    @Test("digests are equal if all their bytes are, and work as keys")
    func equality() {
        let abc = Array("abc".utf8)
        let abd = Array("abd".utf8)
        #expect(Hash.digest(.sha256, abc.span) == Hash.digest(.sha256, abc.span))
        #expect(Hash.digest(.sha256, abc.span) != Hash.digest(.sha256, abd.span))
        #expect(Hash.digest(.sha1, abc.span) != Hash.digest(.sha256, abc.span))
        #expect(
            Set([Hash.digest(.sha1, abc.span), Hash.digest(.sha1, abc.span), Hash.digest(.sha1, abd.span)]).count == 2)
    }

    @Test("a digest gives out its bytes and no others", arguments: HashAlgorithm.allCases)
    func bytes(algorithm: HashAlgorithm) {
        let digest = Hash.digest(algorithm, Array("abc".utf8).span)
        let bytes = digest.span.indices.map { digest.span[$0] }
        #expect(bytes.count == algorithm.digestSize)
        #expect(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == digest.description)
    }
}
