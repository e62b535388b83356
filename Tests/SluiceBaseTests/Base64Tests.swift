import Foundation
import SluiceBase
import Testing

@Suite struct Base64Tests {
    @Test("bytes of every length are decoded as they were encoded")
    func lengths() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ count) }
            let text = Base64.encode(bytes)
            #expect(text == Data(bytes).base64EncodedString())
            let padded = Array(text.utf8)
            let bare = Array(text.replacing("=", with: "").utf8)
            #expect(Base64.decode(padded.span) == bytes)
            #expect(Base64.decode(bare.span, allowsMissingPadding: true) == bytes)
            #expect(Base64.decode(bare.span) == (bare.count == padded.count ? bytes : nil))
        }
    }

    @Test(
        "a wrong length, wrong padding and unused bits that are not zero are refused",
        arguments: [
            "A", "AB", "AAA", "A===", "AA=", "AAAA=", "AAAAA", "====", "=AAA", "AA=A", "AB==", "A/==", "AAB=",
            "AAAAAAP=",
            "AA==AA==", "AAA=\n", " AAA",
        ])
    func refused(text: String) {
        let bytes = Array(text.utf8)
        #expect(Base64.decode(bytes.span) == nil)
    }

    @Test("every byte that is not a digit is refused, wherever it is")
    func digits() {
        let digits = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for byte in UInt8.min...UInt8.max {
            for position in 0..<7 {
                var text = Array("AAAAAAA".utf8)
                text[position] = byte
                let decoded = Base64.decode(text.span, allowsMissingPadding: true)
                // Two bits of the last digit are not used.
                if digits.contains(byte), position < 6 {
                    #expect(decoded?.count == 5, "\(byte) at \(position)")
                } else if !digits.contains(byte) {
                    #expect(decoded == nil, "\(byte) at \(position)")
                }
            }
        }
    }
}
