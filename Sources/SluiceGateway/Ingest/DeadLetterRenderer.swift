internal import SluiceBase
internal import SluiceOutbox
internal import SluiceRoutes

/// Makes jobs of a dead letter's request with the route that it came by, as that route is now. Its signature held when it came.
enum DeadLetterRenderer {
    static func render(_ content: DeadLetterContent, with table: TableInForce?) -> RenderingOutcome {
        guard let request = content.request else { return .failure("its request was not kept") }
        let letter = content.letter
        guard let route = table?.table.routes.first(where: { $0.name == letter.route }) else {
            return .failure("there is no route '\(PrintableText.escape(letter.route))' any more")
        }
        let outcome = KeptRequestReading.read(request) { view in
            var scratch = RouteScratch()
            return route.processVerified(
                view, receivedAtMilliseconds: letter.receivedAtMilliseconds, deliveryID: letter.deliveryID,
                share: DeliveryShare(element: letter.element, rule: letter.rule), scratch: &scratch)
        }
        switch outcome {
        case nil: return .failure("its request cannot be read any more")
        case .refused(let code, let reason): return .failure("\(code.rawValue): \(reason)")
        case .acknowledged: return .success([])
        case .store(let delivery):
            if let letter = delivery.deadLetters.first { return .failure("\(letter.reason.rawValue): \(letter.detail)") }
            return .success(delivery.jobs.map { IngestJob($0) })
        }
    }
}
