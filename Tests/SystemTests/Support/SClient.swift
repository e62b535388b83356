/// `openssl s_client`: what another implementation's command line makes of the HTTPS listener.
struct SClient {
    let output: String
    let errors: String
    let ending: ChildProcess.Ending

    /// Connects, sends requests without waiting for answers, of which the last one asks to close, and takes all that
    /// comes.
    static func run(_ gateway: GatewayUnderTest, _ options: [String] = [], sending webhooks: Webhook...) async throws
        -> SClient
    {
        try await run(gateway, options, sending: webhooks)
    }

    static func run(_ gateway: GatewayUnderTest, _ options: [String] = [], sending webhooks: [Webhook]) async throws
        -> SClient
    {
        let arguments = [
            "s_client", "-connect", "127.0.0.1:\(gateway.httpsPort)", "-nocommands", "-ign_eof", "-CAfile",
            "certificate.pem",
        ]
        let process = try ChildProcess(
            "openssl", arguments + options, environment: gateway.environment, folder: gateway.folder.path,
            hasInput: true)
        for (index, webhook) in webhooks.enumerated() {
            var webhook = webhook
            if index == webhooks.count - 1 { webhook[header: "connection"] = "close" }
            // It may have ended without reading, when no connection came about.
            try? await process.write(String(decoding: webhook.bytes, as: UTF8.self))
        }
        let ending = try await process.ending()
        return SClient(output: process.output.text, errors: process.errors.text, ending: ending)
    }

    /// The certificate that the server showed, in PEM.
    var certificate: String? {
        guard let start = output.firstRange(of: "-----BEGIN CERTIFICATE-----"),
            let end = output.firstRange(of: "-----END CERTIFICATE-----\n")
        else { return nil }
        return String(output[start.lowerBound..<end.upperBound])
    }
}
