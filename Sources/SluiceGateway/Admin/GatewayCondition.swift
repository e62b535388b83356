internal import Synchronization

/// Whether the gateway can take deliveries. Written by the components concerned, read by `/readyz`. Callable from any thread.
package final class GatewayCondition: Sendable {
    private let draining = Atomic<Bool>(false)
    private let started = Atomic<Bool>(false)
    private let outbox: @Sendable () -> String?

    /// - Parameter outbox: asked each time: why the outbox cannot commit, nothing where it can.
    package init(outbox: @escaping @Sendable () -> String?) { self.outbox = outbox }

    /// Everything listens.
    package func start() { started.store(true, ordering: .relaxed) }

    /// A stop was asked for.
    package func beginDrain() { draining.store(true, ordering: .relaxed) }

    /// Why it is not ready; nothing where it is.
    var reason: String? {
        if draining.load(ordering: .relaxed) { return "draining" }
        if !started.load(ordering: .relaxed) { return "starting" }
        return outbox()
    }
}
