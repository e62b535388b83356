import SluiceBase
import Testing

@Suite(.serialized) struct FingerprintTests {
    @Test("a fingerprint is the first 16 bytes of a digest, in order")
    func bytes() {
        let digest = Array(UInt8(0xF0)...0xFF) + [1, 2, 3]
        #expect(Fingerprint(digest.span).bytes == Array(UInt8(0xF0)...0xFF))
        #expect(Fingerprint(digest.span).description == "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    }

    @Test("two are equal when all 16 bytes are", arguments: 0..<16)
    func equality(position: Int) {
        let one = [UInt8](repeating: 7, count: 16)
        var other = one
        #expect(Fingerprint(one.span) == Fingerprint(other.span))
        other[position] = 8
        #expect(Fingerprint(one.span) != Fingerprint(other.span))
    }
}
