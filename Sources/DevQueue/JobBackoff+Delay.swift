internal import Glibc

extension JobBackoff {
    /// What Zizq's server does unless the job says otherwise.
    static let standard = JobBackoff(base: 15_000, exponent: 4, jitter: 30_000)

    /// When a job that has failed is tried again: after the base, a number of seconds that grows with the attempts, and for each attempt
    /// some of the jitter.
    ///
    /// - Parameters:
    ///   - attempts: how often it has failed, this time too.
    ///   - now: milliseconds since the UNIX epoch.
    func time(afterAttempts attempts: UInt32, now: UInt64) -> UInt64 {
        let growth = pow(Double(attempts), Double(exponent)) * 1000
        let spread = jitter == 0 ? 0 : Double.random(in: 0..<Double(jitter)) * Double(attempts)
        let time = Double(now) + Double(base) + growth + spread
        return time < Self.latest ? UInt64(time) : UInt64(Self.latest)
    }

    /// Beyond any clock, and still exact as a double: 2⁵³.
    private static let latest = 9_007_199_254_740_992.0
}
