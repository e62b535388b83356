internal import SluiceBase
internal import SluiceJSON
package import SluiceRoutes

extension Route {
    /// Handles a request on the route's path like the gateway, except for the rate, the outbox and its keys.
    package func dryRun(_ request: RequestToSign, _ arrival: RequestArrival) -> RouteOutcome {
        request.withView(from: arrival.sender ?? .unknown) { view in
            var scratch = RouteScratch()
            return handle(view, arrival, from: .head, scratch: &scratch)
        }
    }
}

/// The unique keys of consecutive dry runs of one route: what the outbox would store of each.
struct DryRunKeys {
    /// The stored parts of a delivery.
    struct Stored {
        var jobs: [Job] = []
        var deadLetters: [DeadLetter] = []
        /// The number of parts that were seen before.
        var duplicates = 0
        /// The sender of the earlier delivery, if all parts were seen before.
        var duplicateOf: Sender?

        /// The gateway's own answer.
        func document(id: String) -> [UInt8] {
            DeliveryDocument.body(
                id: id, .stored(jobs: jobs.count, deadLetters: deadLetters.count, duplicates: duplicates))
        }
    }

    /// The delivery in which a key was seen.
    struct Sender: Hashable {
        let name: String
        let deliveryID: String
    }

    /// The senders of the accepted deliveries by key, the oldest first.
    private var accepted: [Fingerprint: [(sender: Sender, holder: DedupeRule.Holder)]] = [:]

    /// Stores a delivery part by part, according to its keys and the route's `on_changed_body`.
    mutating func store(_ delivery: Delivery, of sender: Sender) -> Stored {
        let rule = DedupeRule(delivery.onChangedBody)
        var stored = Stored()
        var first: Sender?
        for part in delivery.parts {
            switch verdict(on: part, rule) {
            case .duplicate(let holder, _):
                stored.duplicates += 1
                if first == nil, let key = part.key { first = accepted[key.hash]?[Int(holder.row)].sender }
            case .store(let generation, _):
                remember(part, of: sender)
                // A part that is accepted again gets another key at Zizq, which would otherwise drop it as a duplicate.
                stored.jobs += part.jobs.map { $0.marked(generation: generation) }
                stored.deadLetters += part.deadLetters
            case .deadLetter:
                remember(part, of: sender)
                stored.deadLetters += part.jobs.map { _ in .changedBody(of: part) } + part.deadLetters
            }
        }
        if stored.duplicates == delivery.parts.count { stored.duplicateOf = first }
        return stored
    }

    private func verdict(on part: Delivery.Part, _ rule: DedupeRule) -> DedupeRule.Verdict {
        guard let key = part.key?.hash, let holders = accepted[key], let newest = holders.last else { return .new }
        return rule.verdict(on: part.bodyHash, newest: newest.holder, isForgotten: false) {
            holders.last { $0.holder.bodyHash == part.bodyHash }?.holder
        }
    }

    private mutating func remember(_ part: Delivery.Part, of sender: Sender) {
        guard let key = part.key?.hash else { return }
        let row = Int64(accepted[key, default: []].count)
        let holder = DedupeRule.Holder(
            row: row, deliveryID: sender.deliveryID, generation: row, bodyHash: part.bodyHash,
            supersedes: row == 0 ? nil : row - 1)
        accepted[key, default: []].append((sender, holder))
    }
}

extension Job {
    /// The job as it is sent to Zizq.
    var tree: JSONTree? {
        var json: [UInt8] = []
        JobObject.append(self, to: &json)
        return JSONTree(json)
    }
}
