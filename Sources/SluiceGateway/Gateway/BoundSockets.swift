internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet

/// The sockets of the settings, bound all together before any is served: a port in use is found at once, and nothing
/// listens then.
struct BoundSockets {
    private let https: ListeningSocket?
    private let http: ListeningSocket?
    private let admin: ListeningSocket?
    private let control: ListeningSocket

    init(_ settings: Settings) throws(FatalProblem) {
        var bound: [ListeningSocket] = []
        do throws(FatalProblem) {
            https = try Self.bind(settings.https, "https", &bound)
            http = try Self.bind(settings.http, "http", &bound)
            admin = try Self.bind(settings.admin, "admin", &bound)
            control = try Self.bindControl(ControlSocket.path(outbox: settings.outbox.path))
        } catch {
            for socket in bound { socket.close() }
            throw error
        }
    }

    /// Where they are.
    var addresses: Gateway.Addresses {
        Gateway.Addresses(https: Self.peer(https), http: Self.peer(http), admin: Self.peer(admin))
    }

    func listen(
        ingest: HTTPServer, admin adminServer: HTTPServer, control controlServer: HTTPServer,
        certificate: CertificateKeeper?
    ) async throws(SystemCallError) {
        if let https { try await ingest.listen(on: https, tls: certificate?.slot) }
        if let http { try await ingest.listen(on: http, tls: nil) }
        if let admin { try await adminServer.listen(on: admin, tls: nil) }
        try await controlServer.listen(on: control, tls: nil)
    }

    private static func bind(
        _ setting: ListenerSetting, _ name: String, _ bound: inout [ListeningSocket]
    ) throws(FatalProblem) -> ListeningSocket? {
        guard let address = setting.address else { return nil }
        do throws(SystemCallError) {
            let socket = try ListeningSocket(.inet(address))
            bound.append(socket)
            return socket
        } catch {
            let advice = error.isAddressInUse ? "; stop the other process or set \(name) to another address" : ""
            throw FatalProblem(
                .unavailable, "cannot listen on \(address.hostAndPort) (\(name)): \(error.reason)\(advice)")
        }
    }

    private static func bindControl(_ path: String) throws(FatalProblem) -> ListeningSocket {
        guard path.utf8.count <= SocketAddress.unixPathLimit else {
            throw FatalProblem(
                .wrongInput,
                "the path of the control socket \(path) has \(path.utf8.count) bytes, and the system allows at "
                    + "most "
                    + "\(SocketAddress.unixPathLimit); set outbox.path to a shorter one")
        }
        do throws(SystemCallError) {
            return try ListeningSocket(.unix(path: path))
        } catch {
            throw FatalProblem(.unavailable, "cannot create the control socket \(path): \(error.reason)")
        }
    }

    private static func peer(_ socket: ListeningSocket?) -> PeerAddress? {
        guard case .inet(let peer) = socket?.address else { return nil }
        return peer
    }
}
