import SluiceBase
import Testing

@testable import SluiceGateway

@Suite("the sender's address")
struct SenderAddressTests {
    private static func sender(peer: String, forwarded: [String], trusted: [String]) throws -> String {
        var bytes: [UInt8] = []
        var fields: [HeaderField] = []
        for line in forwarded {
            let name = bytes.count..<(bytes.count + 15)
            bytes += Array("X-Forwarded-For".utf8)
            let value = bytes.count..<(bytes.count + line.utf8.count)
            bytes += Array(line.utf8)
            fields.append(HeaderField(name: name, value: value))
        }
        let address = try #require(PeerAddress.address(parsing: peer))
        let blocks = try trusted.map { try #require(AddressBlock(parsing: $0)) }
        let span = bytes.span
        let nothing = span.extracting(0..<0)
        let request = RequestView(
            method: nothing, target: nothing, headers: HeaderView(bytes: span, fields: fields), body: nothing,
            peer: PeerAddress(address: address, port: 4711))
        return SenderAddress.of(request, trusted: blocks).description
    }

    @Test(
        "is the right-most one in X-Forwarded-For that is not trusted, if the peer is",
        arguments: [
            (["203.0.113.9"], "203.0.113.9"),
            (["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            (["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
            (["203.0.113.9, 10.1.2.3"], "203.0.113.9"),
            (["203.0.113.9, 10.1.2.3", "10.9.9.9"], "203.0.113.9"),
            (["10.1.1.1, 10.1.2.3"], "10.1.1.1"),
            (["2001:db8::7"], "2001:db8::7"),
            (["[2001:db8::7]:443"], "2001:db8::7"),
            (["203.0.113.9:1234"], "203.0.113.9"),
            ([" 203.0.113.9 "], "203.0.113.9"),
        ])
    func forwarded(lines: [String], expected: String) throws {
        #expect(try Self.sender(peer: "10.0.0.1", forwarded: lines, trusted: ["10.0.0.0/8"]) == expected)
    }

    @Test("is the peer's own if the peer is not trusted, for any header")
    func untrustedPeer() throws {
        #expect(
            try Self.sender(peer: "203.0.113.1", forwarded: ["198.51.100.1"], trusted: ["10.0.0.0/8"]) == "203.0.113.1")
    }

    @Test("is never beyond an invalid entry", arguments: ["unknown", "", "198.51.100.1; evil", "_hidden"])
    func notAnAddress(entry: String) throws {
        let lines = ["198.51.100.1, \(entry), 10.2.2.2"]
        #expect(try Self.sender(peer: "10.0.0.1", forwarded: lines, trusted: ["10.0.0.0/8"]) == "10.2.2.2")
    }

    @Test("is the last trusted one if there are more than 32, over all lines")
    func tooMany() throws {
        let proxies = (1...32).map { "10.0.0.\(33 - $0)" }.joined(separator: ",")
        for line in ["203.0.113.9,\(proxies)", String(repeating: "203.0.113.9,", count: 3000) + proxies] {
            #expect(try Self.sender(peer: "10.0.0.99", forwarded: [line], trusted: ["10.0.0.0/8"]) == "10.0.0.32")
            #expect(
                try Self.sender(peer: "10.0.0.99", forwarded: [line, "10.0.0.77"], trusted: ["10.0.0.0/8"])
                    == "10.0.0.31")
        }
        #expect(
            try Self.sender(
                peer: "10.0.0.99", forwarded: ["203.0.113.9," + proxies.dropFirst(10)], trusted: ["10.0.0.0/8"])
                == "203.0.113.9")
    }

    @Test("is never beyond an entry that is longer than any address")
    func longEntry() throws {
        let lines = ["203.0.113.9" + String(repeating: " ", count: 3000), String(repeating: "1", count: 3000)]
        #expect(try Self.sender(peer: "10.0.0.1", forwarded: lines, trusted: ["10.0.0.0/8"]) == "10.0.0.1")
        let first = Array(lines.prefix(1))
        #expect(try Self.sender(peer: "10.0.0.1", forwarded: first, trusted: ["10.0.0.0/8"]) == "203.0.113.9")
        let longest = "[2001:0db8:0000:0000:0000:0000:0000:0007]:65535"
        #expect(try Self.sender(peer: "10.0.0.1", forwarded: [longest], trusted: ["10.0.0.0/8"]) == "2001:db8::7")
    }

    @Test("is the peer's without a header")
    func noHeader() throws {
        #expect(try Self.sender(peer: "10.0.0.1", forwarded: [], trusted: ["10.0.0.0/8"]) == "10.0.0.1")
    }
}
