import SluiceBase
import Testing

@testable import SluiceNet

@Suite("a socket address")
struct SocketAddressTests {
    @Test(
        "is written in the form of the settings",
        arguments: [("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80"), ("2001:db8::1", "[2001:db8::1]:80")])
    func description(host: String, text: String) throws {
        #expect(try #require(SocketAddress(host: host, port: 80)).description == text)
    }

    @Test("is not made of a name: names are the resolver's", arguments: ["localhost", "", "[::1]", "127.0.0.1:80"])
    func refused(host: String) {
        #expect(SocketAddress(host: host, port: 80) == nil)
    }

    @Test("keeps an IPv4 address in its mapped form, so that one form is compared")
    func mapped() {
        #expect(SocketAddress(host: "::ffff:10.0.0.1", port: 5) == SocketAddress(host: "10.0.0.1", port: 5))
    }
}
