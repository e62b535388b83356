internal import SluiceRelay

extension SettingsInForce {
    /// Sends jobs to the development queue that `sluice dev` has started.
    ///
    /// - Parameters:
    ///   - port: where it listens on this machine.
    ///   - isLicensed: whether it takes unique keys. Where it does not they are left out from the start, unless
    ///     somebody has set
    ///     `zizq.unique_keys`: the alarm about a licence would be the first thing that somebody new sees.
    package mutating func useDevelopmentQueue(port: UInt16, isLicensed: Bool) {
        values.zizq.url = ServerURL(scheme: .http, host: "127.0.0.1", port: port)
        if !isLicensed, origin(of: "zizq.unique_keys") == .byDefault { values.zizq.uniqueKeys = .never }
    }
}
