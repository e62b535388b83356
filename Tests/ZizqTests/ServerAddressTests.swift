import Testing

@testable import Zizq

@Suite struct ServerAddressTests {
    @Test(
        "URLs of both schemes are read",
        arguments: [
            ("http://127.0.0.1:7890", false, "127.0.0.1", 7890, ""),
            ("https://zizq.example", true, "zizq.example", 443, ""),
            ("HTTP://Zizq.Example/", false, "Zizq.Example", 80, ""),
            ("https://[::1]:7890/queue/", true, "::1", 7890, "/queue"),
            ("http://[fe80::1]/a/b", false, "fe80::1", 80, "/a/b"),
        ] as [(String, Bool, String, UInt16, String)])
    func reads(url: String, isTLS: Bool, host: String, port: UInt16, prefix: String) throws {
        let address = try ServerAddress(url: url)
        #expect(address.isTLS == isTLS)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.prefix == prefix)
    }

    @Test(
        "the host header has the port only if it is not the scheme's default",
        arguments: [
            ("http://a:80", "a"), ("http://a:443", "a:443"), ("https://a:443/x", "a"),
            ("http://[::1]:7890", "[::1]:7890"),
            ("https://[::1]", "[::1]"),
        ])
    func namesAuthority(url: String, authority: String) throws {
        #expect(try ServerAddress(url: url).authority == authority)
    }

    @Test(
        "anything else is refused in a sentence that does not repeat the URL",
        arguments: [
            ("127.0.0.1:7890", "must begin with http:// or https://"),
            ("ftp://zizq", "must begin with http:// or https://"),
            ("http://", "has no host name"), ("http://:7890", "has no host name"), ("http://a b", "has no host name"),
            ("http://zizq:0", "must have a port between 1 and 65535"),
            ("http://zizq:65536", "must have a port between 1 and 65535"),
            ("http://zizq:", "must have a port between 1 and 65535"),
            ("http://zizq:+80", "must have a port between 1 and 65535"),
            ("http://[::1", "has a malformed IPv6 address"), ("http://[zizq]", "has a malformed IPv6 address"),
            ("http://user:secret@zizq", "must not contain a user name or a password"),
            ("http://zizq/?a=b", "must have neither a query nor a fragment"),
            ("http://zizq#x", "must have neither a query nor a fragment"),
            ("http://zizq/a b", "has a path with a character that must be escaped"),
        ])
    func refuses(url: String, sentence: String) {
        let error = #expect(throws: ZizqError.self) { try ServerAddress(url: url) }
        #expect(error == .invalidArgument("the URL of the Zizq server \(sentence)"))
    }
}
