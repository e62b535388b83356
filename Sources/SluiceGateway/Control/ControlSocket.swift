/// The UNIX socket over which the command line speaks to a running gateway. Its mode is 0600: anyone who can open it
/// could read the outbox anyway.
package enum ControlSocket {
    /// Beside the outbox, so that two gateways have two.
    package static func path(outbox: String) -> String { outbox + ".sock" }
}
