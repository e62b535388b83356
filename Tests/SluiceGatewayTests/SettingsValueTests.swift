import SluiceBase
import SluiceRelay
import Testing

@testable import SluiceGateway

@Suite struct SettingsValueTests {
    @Test(
        "all batches together, each in memory twice, take at most a quarter of `limits.memory`",
        arguments: [(256, 8, 1, 8), (256, 8, 16, 2), (256, 64, 1, 32), (4096, 64, 16, 32), (32, 8, 4, 1)])
    func batchBytes(memory: Int, batch: Int, concurrency: Int, expected: Int) {
        var server = Settings().zizq
        (server.batchBytes, server.concurrency) = (.mebibytes(batch), concurrency)
        let relay = RelayConfiguration(server, memory: .mebibytes(memory))
        #expect(relay.limits.bytes == ByteCount.mebibytes(expected).bytes)
        #expect(relay.concurrency == concurrency)
    }

    @Test(
        "a server's URL is taken apart and written in its shortest form",
        arguments: [
            ("http://127.0.0.1:7890", ServerURL.Scheme.http, "127.0.0.1", 7890, "http://127.0.0.1:7890"),
            ("HTTPS://Zizq.Example.ORG/", .https, "zizq.example.org", 443, "https://zizq.example.org"),
            ("http://[::1]:80", .http, "::1", 80, "http://[::1]"),
            ("http://my_queue", .http, "my_queue", 80, "http://my_queue"),
            ("https://h:8443", .https, "h", 8443, "https://h:8443"),
        ] as [(String, ServerURL.Scheme, String, UInt16, String)])
    func url(text: String, scheme: ServerURL.Scheme, host: String, port: UInt16, written: String) throws {
        let url = try #require(ServerURL(parsing: text))
        #expect(url == ServerURL(scheme: scheme, host: host, port: port))
        #expect(url.description == written)
    }

    @Test(
        "the prefix of the server's paths is kept if it is allowed",
        arguments: [
            ("http://h/p", "/p"), ("http://h/p/", "/p"), ("https://h:1/a/b%20c", "/a/b%20c"), ("http://h/", ""),
            ("http://h", ""),
            ("http://h//", nil), ("http://h/a//b", nil), ("http://h/../b", nil), ("http://h/a?b", nil),
            ("http://h/a#b", nil),
            ("http://h/a b", nil), ("http://u@h/p", nil),
        ] as [(String, String?)])
    func path(text: String, path: String?) {
        #expect(ServerURL(parsing: text, allowsPath: true)?.path == path)
        if path != "" { #expect(ServerURL(parsing: text) == nil) }
    }

    @Test(
        "anything but a server is refused",
        arguments: [
            "", "zizq", "zizq:7890", "ftp://zizq", "http://", "http:///", "http://:80", "http://h:", "http://h:0",
            "http://h:65536",
            "http://h/p",
            "http://h?q", "http://h#f", "http://u@h", "http://u:p@h", "http://h h", "http://[::1", "http://[1.2.3.4]",
            "http://[::1]x",
            "http://.h", "http://h.", "http://h..i", "http://ü", "http://h//", "//h",
        ])
    func notURL(text: String) {
        #expect(ServerURL(parsing: text) == nil)
    }

    @Test(
        "credentials do not get into a message",
        arguments: [
            ("http://u:p@h/x", "http://***@h/x"), ("u:p@h", "***@h"), ("http://h/x", "http://h/x"),
            ("http://u:p@ss@h", "http://***@h"),
            ("x@y://z", "***@y://z"),
        ])
    func credentials(text: String, shown: String) {
        #expect(ServerURL.withoutCredentials(text) == shown)
    }

    @Test(
        "processors are counted from the affinity list",
        arguments: [("0", 1), ("0-3", 4), ("0-3,8", 5), ("0,2,4-5", 4)])
    func affinity(list: String, count: Int) {
        #expect(
            ProcessorCount.allowedProcessors(status: "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t\(list)\n")
                == count)
    }

    @Test(
        "a status without the list, or with an odd one, gives no count",
        arguments: ["", "Cpus_allowed_list:\n", "Cpus_allowed_list:\t3-1\n"])
    func noAffinity(status: String) {
        #expect(ProcessorCount.allowedProcessors(status: status) == nil)
    }

    @Test(
        "a control group's quota is rounded up to whole processors",
        arguments: [
            ("100000 100000\n", 1), ("150000 100000\n", 2), ("50000 100000\n", 1), ("800000 100000", 8),
            ("max 100000\n", nil), ("", nil),
        ])
    func quota(text: String, count: Int?) {
        #expect(ProcessorCount.quotaVersion2(text) == count)
    }

    @Test("the older hierarchy says -1 for no quota")
    func olderQuota() {
        #expect(ProcessorCount.quotaVersion1(quota: "200000\n", period: "100000\n") == 2)
        #expect(ProcessorCount.quotaVersion1(quota: "-1\n", period: "100000\n") == nil)
        #expect(ProcessorCount.quotaVersion1(quota: nil, period: nil) == nil)
    }

    @Test("this machine has at least one processor")
    func available() {
        #expect(ProcessorCount.available() >= 1)
    }
}
