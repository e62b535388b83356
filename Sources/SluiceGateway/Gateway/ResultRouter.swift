internal import SluiceNet
internal import SluiceOutbox

/// Carries results from the outbox's thread to the loops that wait for them. The outbox is opened before the loops are
/// there.
final class ResultRouter: Sendable {
    private struct Target {
        let mailboxes: [LoopMailbox]
        let services: LoopLocal<IngestService>
    }

    private let target = OnceBox<Target>()

    func connect(to mailboxes: [LoopMailbox], _ services: LoopLocal<IngestService>) {
        target.set(Target(mailboxes: mailboxes, services: services))
    }

    /// Lets no more results through: called before the services go that they are for.
    func disconnect() {
        guard let target = target.value else { return }
        for mailbox in target.mailboxes { mailbox.post { $0.set(nil, for: target.services) } }
    }

    func deliver(_ results: [IngestResult], to origin: Int) {
        guard let target = target.value else { return }
        target.mailboxes[origin].post { loop in loop[target.services]?.completed(results) }
    }
}
