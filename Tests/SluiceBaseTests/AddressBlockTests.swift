import SluiceBase
import Testing

@Suite(.serialized) struct AddressBlockTests {
    @Test(
        "a block holds its first and last address and not their neighbours",
        arguments: [
            ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0", "::a00:1"]),
            ("192.0.2.8/29", ["192.0.2.8", "192.0.2.15"], ["192.0.2.7", "192.0.2.16"]),
            ("192.0.2.1", ["192.0.2.1"], ["192.0.2.0", "192.0.2.2"]),
            ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::1", "2001:db8::1"]),
            ("2001:db8::/33", ["2001:db8::", "2001:db8:7fff:ffff::1"], ["2001:db8:8000::", "2001:db9::"]),
            ("::1", ["::1"], ["::2", "0.0.0.1"]),
            ("::/0", ["::1", "10.0.0.1"], []),
        ] as [(String, [String], [String])])
    func holds(text: String, inside: [String], outside: [String]) throws {
        let block = try #require(AddressBlock(parsing: text))
        for address in inside { #expect(block.contains(try peer(address)), "\(address) is in \(text)") }
        for address in outside { #expect(!block.contains(try peer(address)), "\(address) is not in \(text)") }
    }

    @Test(
        "a block is written as it is read",
        arguments: [
            ("10.0.0.0/8", "10.0.0.0/8"), ("192.0.2.1", "192.0.2.1/32"), ("2001:DB8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
        ])
    func writes(text: String, written: String) throws {
        #expect(try #require(AddressBlock(parsing: text)).description == written)
    }

    @Test(
        "a text that is not a block, or has bits after its prefix, is refused",
        arguments: [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.1/8", "2001:db8::/129",
            "2001:db8::1/64",
            "example.org",
            "10/8",
        ])
    func refuses(text: String) {
        #expect(AddressBlock(parsing: text) == nil)
    }

    private func peer(_ text: String) throws -> PeerAddress {
        PeerAddress(address: try #require(PeerAddress.address(parsing: text)), port: 1)
    }
}
