package import SluiceBase
package import SluiceOutbox

/// A connection for looking things up in the outbox of a running gateway. One question at a time.
actor ReaderBox {
    private let reader: OutboxReader

    init(_ reader: sending OutboxReader) { self.reader = reader }

    func perform<Answer: Sendable>(
        _ body: @Sendable (any OutboxListing) throws(OutboxError) -> Answer
    ) throws(OutboxError) -> Answer {
        try body(reader)
    }
}

/// An outbox that a command has opened itself because no gateway runs on it. One question at a time.
package actor StoreBox {
    private let store: OutboxStore

    /// Takes the lock and opens the file; see `OutboxStore`.
    package init(_ configuration: OutboxConfiguration, time: any TimeSource) throws(StartupError) {
        var configuration = configuration
        // A look at a copy leaves nothing of its size beside it; a gateway sets it aside again.
        configuration.reserve = ByteCount(bytes: 0)
        configuration.trustsFolderOwner = true
        store = try OutboxStore(configuration, time: time)
    }

    func perform<Answer: Sendable>(
        _ body: @Sendable (OutboxStore) throws(OutboxError) -> Answer
    ) throws(OutboxError) -> Answer {
        try body(store)
    }

    package func close() { store.close() }
}
