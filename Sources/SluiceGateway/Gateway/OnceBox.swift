internal import Synchronization

/// A value that is set once, after other threads have got hold of the box.
final class OnceBox<Value: Sendable>: Sendable {
    private let content = Mutex<Value?>(nil)

    func set(_ value: Value) { content.withLock { $0 = $0 ?? value } }

    var value: Value? { content.withLock { $0 } }
}
