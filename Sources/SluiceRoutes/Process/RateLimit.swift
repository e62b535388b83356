internal import SluiceBase
internal import SluiceYAML

/// How many requests a route takes: `rate: { limit: 100, per: 1s, burst: 200 }`, a bucket of `burst` tokens into which
/// `limit` come back in each `per`.
package struct RateLimit: Sendable, Hashable {
    /// 1 to 1,000,000.
    package let limit: Int
    /// 1 ms to 1 day.
    package let per: Duration
    /// How many may come at once; 1 to 1,000,000.
    package let burst: Int

    package init(limit: Int, per: Duration, burst: Int) {
        self.limit = limit
        self.per = per
        self.burst = burst
    }

    static let counts = 1...1_000_000
    private static let periods: ClosedRange<Duration> = .milliseconds(1) ... .seconds(86_400)

    /// - Returns: `nil` after a problem has been noted.
    static func read(_ context: FileContext, _ node: YAMLNode, _ subject: String) -> RateLimit? {
        guard let reader = MappingReader(node, .rate, in: context) else { return nil }
        for key in ["limit", "per"] where !reader.has(key) { context.error(node.position, "\(subject) needs '\(key)'") }
        let limit = reader.integer("limit", in: counts)
        let per = reader.value("per") { $0.duration($1, $2, in: periods) }
        let burst = reader.integer("burst", in: counts)
        guard let limit, let per else { return nil }
        return RateLimit(limit: limit, per: per, burst: burst ?? limit)
    }
}
