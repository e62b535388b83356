internal import SluiceBase
internal import SluiceJSON
package import SluiceRoutes

extension Route {
    /// Handles a request on the route's path as the gateway does, except for what only a running gateway has: the rate,
    /// the outbox and its keys.
    package func dryRun(_ request: RequestToSign, _ arrival: RequestArrival) -> RouteOutcome {
        request.withView(from: arrival.sender ?? .unknown) { view in
            var scratch = RouteScratch()
            return handle(view, arrival, from: .head, scratch: &scratch)
        }
    }
}

/// The unique keys of dry runs of one route, one after the other: what the gateway's outbox would store of each
/// delivery.
struct DryRunKeys {
    /// What of a delivery is stored.
    struct Stored {
        var jobs: [Job] = []
        var deadLetters: [DeadLetter] = []
        /// How many parts were seen before.
        var duplicates = 0
        /// Whose key it has, where all of it was seen before.
        var duplicateOf: Sender?
    }

    /// Whose delivery a key was seen in.
    struct Sender: Hashable {
        let name: String
        let deliveryID: String
    }

    private struct Seen {
        var bodies: [(hash: Fingerprint, sender: Sender)]
    }

    private var seen: [Fingerprint: Seen] = [:]

    /// Stores a delivery part by part, each as its key and the route's `on_changed_body` say.
    mutating func store(_ delivery: Delivery, of sender: Sender) -> Stored {
        var stored = Stored()
        var first: Sender?
        for part in delivery.parts {
            guard let key = part.key?.hash else {
                Self.add(part, to: &stored)
                continue
            }
            let before = seen[key]?.bodies ?? []
            let same = before.first { $0.hash == part.bodyHash }
            if let known = same ?? (delivery.onChangedBody == .duplicate ? before.last : nil) {
                stored.duplicates += 1
                first = first ?? known.sender
                continue
            }
            seen[key] = Seen(bodies: before + [(part.bodyHash, sender)])
            if !before.isEmpty, delivery.onChangedBody == .deadLetter {
                let changed = DeadLetter(
                    reason: .changedBody, detail: "the unique key was seen before with another body", share: .all)
                stored.deadLetters += part.jobs.map { _ in changed } + part.deadLetters
            } else {
                Self.add(part, generation: before.count, to: &stored)
            }
        }
        if stored.duplicates == delivery.parts.count { stored.duplicateOf = first }
        return stored
    }

    /// What is accepted again has another key at Zizq, or it would be a duplicate there.
    private static func add(_ part: Delivery.Part, generation: Int = 0, to stored: inout Stored) {
        stored.jobs += part.jobs.map { job in
            guard generation > 0, !job.hasOwnKey, let key = job.uniqueKey else { return job }
            var marked = job
            marked.uniqueKey = "\(key)~\(generation)"
            return marked
        }
        stored.deadLetters += part.deadLetters
    }
}

extension Job {
    /// The job as it is sent.
    var tree: JSONTree? {
        var json: [UInt8] = []
        JobObject.append(self, to: &json)
        return JSONTree(json)
    }
}
