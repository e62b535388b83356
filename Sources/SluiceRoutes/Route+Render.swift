internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

extension Route {
    /// Applies the rules to a delivery with a readable body.
    ///
    /// - Parameters:
    ///   - share: the part to render; not everything for a dead letter about a part.
    ///   - scratch: its charge reserves memory before it is used.
    func applyRules<Trace: RouteTrace>(
        to context: borrowing DeliveryContext, _ share: DeliveryShare, trace: inout Trace, scratch: inout RouteScratch
    ) -> RouteOutcome {
        if Trace.isRecording { addDelivery(context, to: &trace) }
        var assembly = DeliveryAssembly(scratch.charge, maximumRenderedBytes: scratch.maximumRenderedBytes)
        defer { scratch.charge = assembly.charge }
        do throws(DeliveryAssembly.StopError) {
            if let missing = missingElement(share, context) { throw .refused(missing) }
            if let elements = parts.elements {
                try gather(elements, context, share: share, assembly: &assembly, trace: &trace)
            } else {
                try gather(context, share, assembly: &assembly, trace: &trace)
            }
        } catch {
            switch error {
            case .refused(let outcome): return outcome
            case .dead(let letter): return deadLetter(letter, context, trace: &trace, charge: &assembly.charge)
            }
        }
        guard !assembly.parts.isEmpty else {
            return .acknowledged(parts.reply?.reply(context) ?? .standard, because: assembly.ignored ?? .noElements)
        }
        return stored(assembly.parts, missingKeys: assembly.missingKeys, context, charge: &assembly.charge)
    }

    /// The error for a missing element: a dead letter may be about an element that the route's current version does not
    /// find.
    private func missingElement(_ share: DeliveryShare, _ context: borrowing DeliveryContext) -> RouteOutcome? {
        guard let element = share.element, parts.elements == nil || element >= context.findings.itemCount else {
            return nil
        }
        return .refused(.bodyUnreadable, reason: "the route no longer finds element \(element + 1) in the request")
    }

    /// Makes the whole delivery a dead letter, with its key if it has one.
    func deadLetter<Trace: RouteTrace>(
        _ letter: DeadLetter, _ context: borrowing DeliveryContext, trace: inout Trace,
        charge: inout MemoryCharge
    ) -> RouteOutcome {
        var key = keysAreOfElements ? nil : key(context)
        if key == nil, !keysAreOfElements, parts.uniqueKey != nil, parts.onMissingKey == .bodyHash {
            key = bodyHashKey(context)
        }
        if Trace.isRecording, !keysAreOfElements { addKey(key, context, to: &trace) }
        let part = Delivery.Part(key: key, bodyHash: Fingerprint(context.bodyDigest.span), deadLetters: [letter])
        return stored([part], context, charge: &charge)
    }

    private func stored(
        _ made: [Delivery.Part], missingKeys: Int = 0, _ context: borrowing DeliveryContext,
        charge: inout MemoryCharge
    ) -> RouteOutcome {
        var request: [UInt8]?
        if parts.keepsRequest || made.contains(where: { !$0.deadLetters.isEmpty }) {
            guard charge.take(context.received.body.count, isVerified: isVerified) else { return .memoryFull }
            request = KeptRequest.bytes(
                of: context.received, without: parts.credentialHeaders,
                parameters: credentialParameters)
        }
        let delivery = Delivery(
            id: context.deliveryID, route: name, receivedAtMilliseconds: context.receivedAtMilliseconds,
            dedupeWindow: parts.dedupeWindow, onChangedBody: parts.onChangedBody, outboxShare: parts.outboxShare,
            parts: made, request: request, keepsRequest: parts.keepsRequest,
            repairedSurrogates: context.findings.loneSurrogates.count, missingKeys: missingKeys)
        return parts.onMismatch.outcome(of: delivery, reply: parts.reply?.reply(context))
    }

    private func gather<Trace: RouteTrace>(
        _ elements: Elements, _ context: borrowing DeliveryContext, share: DeliveryShare,
        assembly: inout DeliveryAssembly, trace: inout Trace
    ) throws(DeliveryAssembly.StopError) {
        let count = context.findings.itemCount
        if context.findings.itemMisses > 0, !elements.mayBeAbsent {
            if let answer = acknowledgedByHead(context, share, trace: &trace) { throw .refused(answer) }
            let detail = "'each' finds no array at \(elements.name)"
            throw .dead(DeadLetter(reason: .bodyUnreadable, detail: detail, share: .all))
        }
        guard count <= JSONFindings.maximumItems else {
            throw .dead(.tooMany("the body has more than \(JSONFindings.maximumItems) elements"))
        }
        var context = copy context
        for element in share.element.map({ $0..<($0 + 1) }) ?? 0..<count {
            context.item = element
            try gather(context, share, assembly: &assembly, trace: &trace)
        }
    }

    /// Applies the rules to the delivery, or to the current element.
    private func gather<Trace: RouteTrace>(
        _ context: borrowing DeliveryContext, _ share: DeliveryShare, assembly: inout DeliveryAssembly,
        trace: inout Trace
    ) throws(DeliveryAssembly.StopError) {
        let selection = selection(context, share)
        if Trace.isRecording { addRules(selection, context, to: &trace) }
        switch selection {
        case .ignored(let rule): assembly.ignore(.ignoredByRule(rule))
        case .nothing:
            switch parts.otherwise {
            case .ignore: assembly.ignore(.noRuleMatched)
            case .deadLetter:
                guard try begin(context, &assembly, trace: &trace) else { return }
                let share = self.share(context, rule: nil)
                assembly.add(
                    DeadLetter(reason: .noMatchingRule, detail: "no rule of the route matches", share: share))
            }
        case .rule(let rule):
            if try begin(context, &assembly, trace: &trace) {
                try make(rule, context, assembly: &assembly, trace: &trace)
            }
        case .rules(let rules):
            guard try begin(context, &assembly, trace: &trace) else { return }
            for rule in rules { try make(rule, context, assembly: &assembly, trace: &trace) }
        }
    }

    private func selection(_ context: borrowing DeliveryContext, _ share: DeliveryShare) -> RuleSelection {
        var rules: [Int] = []
        var ignoring: Int?
        // Rules are used in place: a copy of one is ten retains.
        for index in parts.rules.indices
        where share.rule ?? index == index && context.fulfils(parts.rules[index].conditions) {
            switch (parts.rules[index].isIgnore, parts.match) {
            case (true, .first): return .ignored(index)
            case (false, .first): return .rule(index)
            case (true, .all): ignoring = ignoring ?? index
            case (false, .all): rules.append(index)
            }
        }
        if !rules.isEmpty { return .rules(rules) }
        return ignoring.map { .ignored($0) } ?? .nothing
    }

    /// Why nothing is stored for any body, so that an unreadable one does no harm; `nil` if a job or a dead letter is
    /// possible.
    private func ignoredByHead(
        _ context: borrowing DeliveryContext, _ share: DeliveryShare
    ) -> (RuleSelection, AcknowledgementReason)? {
        var ignoring: Int?
        for index in parts.rules.indices where share.rule ?? index == index {
            switch (context.fulfilsByHead(parts.rules[index].conditions), parts.rules[index].isIgnore) {
            case (false?, _), (nil, true): continue
            case (nil, false), (true?, false): return nil
            case (true?, true): ignoring = ignoring ?? index
            }
            if parts.match == .first { break }
        }
        if let ignoring { return (.ignored(ignoring), .ignoredByRule(ignoring)) }
        return parts.otherwise == .ignore ? (.nothing, .noRuleMatched) : nil
    }

    /// The answer to a delivery with an unreadable body, or without the route's elements, if the head alone decides
    /// that nothing is stored.
    func acknowledgedByHead<Trace: RouteTrace>(
        _ context: borrowing DeliveryContext, _ share: DeliveryShare, trace: inout Trace
    ) -> RouteOutcome? {
        guard let (selection, reason) = ignoredByHead(context, share) else { return nil }
        if Trace.isRecording { addRules(selection, context, to: &trace) }
        return .acknowledged(parts.reply?.reply(context) ?? .standard, because: reason)
    }

    /// Starts a part with its key, unless the delivery's part has already been started.
    ///
    /// - Returns: whether jobs may be added; `false` if the key is missing and that makes a dead letter.
    private func begin<Trace: RouteTrace>(
        _ context: borrowing DeliveryContext, _ assembly: inout DeliveryAssembly, trace: inout Trace
    ) throws(DeliveryAssembly.StopError) -> Bool {
        guard keysAreOfElements || assembly.parts.isEmpty else { return true }
        var key = key(context)
        var isMissing = false
        if key == nil, parts.uniqueKey != nil {
            switch parts.onMissingKey {
            case .accept: assembly.missingKeys += 1
            case .bodyHash: key = bodyHashKey(context)
            case .reject:
                if Trace.isRecording { addKey(nil, context, to: &trace) }
                throw .refused(.refused(.uniqueKeyMissing, reason: ErrorCode.uniqueKeyMissing.title))
            case .deadLetter: isMissing = true
            }
        }
        if Trace.isRecording { addKey(key, context, to: &trace) }
        assembly.begin(
            Delivery.Part(
                key: key, bodyHash: Fingerprint(comparedDigest(context).span),
                element: keysAreOfElements ? context.item : nil))
        guard isMissing else { return true }
        let detail =
            keysAreOfElements
            ? "the element lacks the unique key of the route" : "the request lacks the unique key of the route"
        let letter = DeadLetter(reason: .uniqueKeyMissing, detail: detail, share: share(context, rule: nil))
        if !keysAreOfElements { throw .dead(DeadLetter(reason: letter.reason, detail: detail, share: .all)) }
        assembly.add(letter)
        return false
    }

    private func share(_ context: borrowing DeliveryContext, rule: Int?) -> DeliveryShare {
        DeliveryShare(element: parts.elements == nil ? nil : context.item, rule: parts.match == .all ? rule : nil)
    }

    private func make<Trace: RouteTrace>(
        _ rule: Int, _ context: borrowing DeliveryContext, assembly: inout DeliveryAssembly, trace: inout Trace
    ) throws(DeliveryAssembly.StopError) {
        guard case .make(let template) = parts.rules[rule].action, let key = assembly.parts.last.map(\.key) else {
            return
        }
        try assembly.reserve(context.size(of: template.payload), isVerified: isVerified)
        let result = job(template, jobKey(template, key, rule: rule, context: context), rule: rule, context: context)
        if Trace.isRecording { trace.add(step(of: result, rule: rule, trace.source)) }
        switch result {
        case .success(let job): try assembly.add(job, upTo: parts.maximumPayloadBytes)
        case .failure(let problem):
            assembly.add(
                DeadLetter(
                    reason: problem.reason, detail: problem.detail, share: share(context, rule: rule),
                    madeBy: template.identity))
        }
    }
}

/// The rules that apply to a delivery or to an element; counted from 0.
package enum RuleSelection {
    case rule(Int)
    case rules([Int])
    /// The first matching rule has `ignore`, or all of them have.
    case ignored(Int)
    case nothing
}
