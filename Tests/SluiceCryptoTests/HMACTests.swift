import SluiceCrypto
import Testing

@Suite("HMAC", .serialized)
struct HMACTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var name: String
        var algorithm: HashAlgorithm
        var key: [UInt8]
        var message: [UInt8]
        var code: String
        var testDescription: String { name }

        init(_ name: String, _ algorithm: HashAlgorithm, key: [UInt8], _ message: [UInt8], _ code: String) {
            (self.name, self.algorithm, self.key, self.message, self.code) = (name, algorithm, key, message, code)
        }
    }

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }
    private static func bytes(_ byte: UInt8, _ count: Int) -> [UInt8] { Array(repeating: byte, count: count) }
    private static let counting = Array<UInt8>(1...25)

    static let rfc2202: [Vector] = [
        Vector("1", .sha1, key: bytes(0x0B, 20), text("Hi There"), "b617318655057264e28bc0b6fb378c8ef146be00"),
        Vector(
            "2", .sha1, key: text("Jefe"), text("what do ya want for nothing?"),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        Vector("3", .sha1, key: bytes(0xAA, 20), bytes(0xDD, 50), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"),
        Vector("4", .sha1, key: counting, bytes(0xCD, 50), "4c9007f4026250c6bc8414f9bf50c86c2d7235da"),
        Vector(
            "5", .sha1, key: bytes(0x0C, 20), text("Test With Truncation"), "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"),
        Vector(
            "6", .sha1, key: bytes(0xAA, 80), text("Test Using Larger Than Block-Size Key - Hash Key First"),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112"),
        Vector(
            "7", .sha1, key: bytes(0xAA, 80),
            text("Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"),
            "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"),
    ]

    static let rfc4231: [Vector] = [
        Vector(
            "1", .sha256, key: bytes(0x0B, 20), text("Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Vector(
            "2", .sha256, key: text("Jefe"), text("what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Vector(
            "3", .sha256, key: bytes(0xAA, 20), bytes(0xDD, 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Vector(
            "4", .sha256, key: counting, bytes(0xCD, 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Vector(
            "6", .sha256, key: bytes(0xAA, 131), text("Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        Vector(
            "7", .sha256, key: bytes(0xAA, 131),
            text(
                "This is a test using a larger than block-size key and a larger than block-size data. "
                    + "The key needs to be hashed before being used by the HMAC algorithm."
            ), "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
        Vector(
            "1 (512)", .sha512, key: bytes(0x0B, 20), text("Hi There"),
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
        ),
        Vector(
            "2 (512)", .sha512, key: text("Jefe"), text("what do ya want for nothing?"),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        ),
        Vector(
            "6 (512)", .sha512, key: bytes(0xAA, 131), text("Test Using Larger Than Block-Size Key - Hash Key First"),
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
                + "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"
        ),
    ]

    @Test("the vectors of RFC 2202 and RFC 4231 hold", arguments: rfc2202 + rfc4231)
    func vectors(vector: Vector) {
        let key = HMACKey(vector.algorithm, key: vector.key.span)
        #expect(key.authenticate(vector.message.span).hex == vector.code)
        #expect(key.authenticate(vector.message.span).hex == vector.code, "a key can be used again")
    }

    @Test("a message in pieces has the code of the whole one", arguments: rfc2202 + rfc4231)
    func pieces(vector: Vector) {
        let key = HMACKey(vector.algorithm, key: vector.key.span)
        for cut in [0, 1, vector.message.count / 2, vector.message.count] {
            var computation = HMACComputation(key)
            computation.update(vector.message.span.extracting(0..<cut))
            computation.update(vector.message.span.extracting(0..<0))
            computation.update(vector.message.span.extracting(cut..<vector.message.count))
            let code = computation.finish()
            #expect(code.hex == vector.code)
        }
    }

    @Test("an empty key, an empty message, and keys around the block size", arguments: [0, 63, 64, 65, 127, 128, 129])
    func edges(length: Int) {
        let known: [Int: String] = [
            0: "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
            63: "a73e4ae46b2a9f2402fff056e156c0a25551e3db5097f9367522239bfbc2d02e",
            64: "83026a325aaee70e36cfe607536aa1054104ad1077c36134810d4ccded1ccd3b",
            65: "41f1c4cc3107cd5b8d92460f61032902bfdb06484eef17e861b83a5012d3b7f3",
            127: "f0f6f5d982d8f1d2ad4772fbe671933dbf6cd6313439242e989e60d5b985882c",
            128: "81833a4e8e9917c622249092d8cf2e71d7b759c580547e82ba5dd84917b29eed",
            129: "6fccbbdf42a3aa30d48ac78c3370dd2e703a1f839b0342efe35a9428f01f2fc6",
        ]
        let key = HMACKey(.sha256, key: [UInt8](repeating: UInt8(ascii: "k"), count: length).span)
        let empty: [UInt8] = []
        #expect(key.authenticate(empty.span).hex == known[length])
    }

    @Test("one key serves several concurrent threads")
    func threads() async {
        let key = HMACKey(.sha256, key: Array("It's a Secret to Everybody".utf8).span)
        let messages = (0..<64).map { [UInt8](repeating: UInt8($0), count: 1 + $0 * 31) }
        let expected = messages.map { key.authenticate($0.span) }
        let wrong = await withTaskGroup(of: Int.self) { group in
            for offset in 0..<8 {
                group.addTask {
                    (0..<2_000).count { round in
                        let index = (round + offset * 7) % messages.count
                        let message = messages[index]
                        return key.authenticate(message.span) != expected[index]
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }

    @Test("GitHub's own example of a signature holds")
    func github() {
        let key = HMACKey(.sha256, key: Array("It's a Secret to Everybody".utf8).span)
        #expect(
            key.authenticate(Array("Hello, World!".utf8).span).hex
                == "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
    }
}
