package import SluiceBase
internal import Synchronization

/// Everything in `/metrics`: counters and histograms that other parts keep and increment, and gauges that are read at
/// each scrape.
///
/// Can be used from any thread. Only creation and scrapes take a lock; incrementing never does.
package final class MetricsRegistry: Sendable {
    /// One value of a gauge, with the values of its labels in the order of `MetricName.labels`.
    package struct Reading: Sendable, Equatable {
        package let labels: [String]
        package let value: Double

        package init(labels: [String] = [], _ value: Double) {
            self.labels = labels
            self.value = value
        }
    }

    private struct State {
        var routes: [String: RouteMetrics] = [:]
        /// The names in the current table.
        var current: Set<String> = []
        var counters: [MetricName: [(labels: [String], counter: Counter)]] = [:]
        var gauges: [MetricName: @Sendable () -> [Reading]] = [:]
    }

    /// From a complete request to its durable jobs.
    package let receiveToDurable = Histogram(bounds: Histogram.commitBounds)
    /// From a durable job to Zizq's acknowledgement.
    package let durableToQueued = Histogram(bounds: Histogram.deliveryBounds)
    /// For requests that are refused before their route is known.
    package let noRoute: RouteMetrics

    private let time: any TimeSource
    private let state = Mutex(State())

    package init(time: any TimeSource = SystemTime()) {
        self.time = time
        self.noRoute = RouteMetrics(route: "", nowNanoseconds: time.monotonicNanoseconds())
        // No other part creates these before their first increment.
        for name in MetricName.allCases where name.kind == .counter && name.labels.isEmpty { _ = counter(name) }
    }

    /// The counters of the routes of a new table, in its order. A known name keeps its counts.
    package func load(routes names: [String]) -> [RouteMetrics] {
        let now = time.monotonicNanoseconds()
        return state.withLock { state in
            state.current = Set(names)
            return names.map { Self.route($0, at: now, &state) }
        }
    }

    /// The counters of a route by its name, even if it is no longer in the table but still has jobs to send. Takes a
    /// lock: for the relay, once per batch and route.
    package func route(named name: String) -> RouteMetrics {
        let now = time.monotonicNanoseconds()
        return state.withLock { Self.route(name, at: now, &$0) }
    }

    private static func route(_ name: String, at now: Int64, _ state: inout State) -> RouteMetrics {
        if let known = state.routes[name] { return known }
        let made = RouteMetrics(route: name, nowNanoseconds: now)
        state.routes[name] = made
        return made
    }

    /// The counter with this name and these labels. Keep it, because looking it up takes a lock.
    ///
    /// - Parameter labels: the values, as many as `name.labels` has names.
    package func counter(_ name: MetricName, labels: [String] = []) -> Counter {
        precondition(name.kind == .counter, "\(name.rawValue) is not a counter")
        precondition(labels.count == name.labels.count, "\(name.rawValue) has the labels \(name.labels)")
        return state.withLock { state in
            if let known = state.counters[name]?.first(where: { $0.labels == labels }) { return known.counter }
            let made = Counter()
            state.counters[name, default: []].append((labels, made))
            return made
        }
    }

    /// Registers a counter that was created before the registry.
    package func adopt(_ counter: Counter, as name: MetricName) {
        precondition(name.kind == .counter && name.labels.isEmpty, "\(name.rawValue) is not a counter without labels")
        state.withLock { $0.counters[name] = [([], counter)] }
    }

    /// Calls `read` at each scrape, on its thread; it must not block. An empty result leaves the metric out.
    package func gauge(_ name: MetricName, _ read: @escaping @Sendable () -> [Reading]) {
        precondition(name.kind == .gauge, "\(name.rawValue) is not a gauge")
        state.withLock { $0.gauges[name] = read }
    }

    /// Registers a number that another part counts; it must never decrease.
    package func counter(_ name: MetricName, value read: @escaping @Sendable () -> Int) {
        precondition(name.kind == .counter && name.labels.isEmpty, "\(name.rawValue) is not a counter without labels")
        state.withLock { state in
            state.counters[name] = nil
            state.gauges[name] = { [Reading(Double(read()))] }
        }
    }

    /// Registers a gauge without labels that is read when the metrics are rendered; it is omitted if `read` returns
    /// `nil`.
    package func gauge(_ name: MetricName, value read: @escaping @Sendable () -> Double?) {
        gauge(name) { read().map { [Reading($0)] } ?? [] }
    }

    /// All metrics in the Prometheus text format, version 0.0.4, in the order of `MetricName`.
    package func render() -> [UInt8] {
        let now = time.monotonicNanoseconds()
        let (routes, current, counters, gauges) = state.withLock { state in
            (state.routes.values.sorted { $0.route < $1.route }, state.current, state.counters, state.gauges)
        }
        var samples: [MetricName: [Reading]] = [:]
        for (name, family) in counters {
            samples[name] = family.map { Reading(labels: $0.labels, Double($0.counter.value)) }
        }
        for (name, read) in gauges { samples[name] = read() }
        for route in routes {
            for (name, counter) in route.plainCounters {
                samples[name, default: []].append(Reading(labels: [route.route], Double(counter.value)))
            }
            Self.add(route, startsAlerts: current.contains(route.route), to: &samples)
        }
        Self.add(noRoute, startsAlerts: true, to: &samples)
        samples[.lastDeliveryAge] = routes.filter { current.contains($0.route) }
            .map { Reading(labels: [$0.route], $0.lastDeliveryAge(nowNanoseconds: now)) }
        return PrometheusText.render(
            samples, histograms: [.receiveToDurable: receiveToDurable, .durableToQueued: durableToQueued])
    }

    private static func add(_ route: RouteMetrics, startsAlerts: Bool, to samples: inout [MetricName: [Reading]]) {
        for (name, label, value) in route.labelledCounters(startsAlerts: startsAlerts) {
            samples[name, default: []].append(Reading(labels: [route.route, label], Double(value)))
        }
    }
}
