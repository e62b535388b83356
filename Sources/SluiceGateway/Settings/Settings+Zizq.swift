internal import Logging
internal import SluiceBase
internal import SluiceNet
internal import SluiceOutbox
internal import SluiceRelay
internal import Zizq

extension RelayConfiguration {
    /// A batch is in memory twice, as jobs and as the body of a request: all of them together use at most a quarter of
    /// `limits.memory`.
    init(_ server: Settings.QueueServer, memory: ByteCount) {
        let share = memory.bytes / 4 / (2 * server.concurrency)
        self.init(
            limits: BatchLimits(jobs: server.batchJobs, bytes: min(server.batchBytes.bytes, share)),
            timeout: server.timeout, concurrency: server.concurrency, uniqueKeys: server.uniqueKeys)
    }
}

extension ZizqClient {
    /// The gateway's client of its queue server.
    static func make(_ server: Settings.QueueServer, loop: EventLoopGroup, logger: Logger) throws(StartupError)
        -> ZizqClient
    {
        var configuration = ZizqConfiguration(url: server.url.description)
        configuration.caCertificatePath = server.ca
        configuration.clientCertificatePath = server.certificate
        configuration.clientKeyPath = server.key
        configuration.readTimeout = server.timeout
        configuration.maximumConnections = server.concurrency + 1
        configuration.retryPolicy = .off
        configuration.logger = logger
        if let path = server.headersFile { configuration.headers = try HeadersFile.read(path) }
        do throws(ZizqError) {
            return try ZizqClient(configuration, loop: loop.mailboxes[0])
        } catch {
            throw StartupError(.wrongInput, "zizq: \(error)")
        }
    }
}

/// `zizq.headers_file`: one header per line, `Name: value`; empty lines and lines that start with `#` are skipped.
enum HeadersFile {
    static func read(_ path: String) throws(StartupError) -> [(name: String, value: String)] {
        let bytes: [UInt8]
        do { bytes = try FileAccess.read(path, limit: 64 << 10) } catch {
            throw StartupError(.wrongInput, "zizq.headers_file: cannot read \(PrintableText.escape(path)): \(error)")
        }
        var headers: [(name: String, value: String)] = []
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = line.trimming(\.isWhitespace)
            guard !text.isEmpty, !text.hasPrefix("#") else { continue }
            guard let colon = text.firstIndex(of: ":"), isName(text[..<colon]) else {
                // The line itself may contain a token and is not repeated.
                throw StartupError(
                    .wrongInput, "\(PrintableText.escape(path)):\(index + 1): a line must be 'Name: value'")
            }
            headers.append(
                (name: String(text[..<colon]), value: text[text.index(after: colon)...].trimming(\.isWhitespace)))
        }
        return headers
    }

    /// A token (RFC 9110 §5.6.2).
    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                ASCII.isDigit(byte) || ASCII.lowercase(byte) &- 0x61 < 26 || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }
}
