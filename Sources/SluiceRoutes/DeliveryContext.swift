internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

/// The values of references for one delivery: the request, and the scanned JSON of its body. Valid until the request is
/// answered.
package struct DeliveryContext: ~Escapable {
    /// With the body decompressed.
    let request: RequestView
    /// As received.
    let received: RequestView
    /// The JSON of the body; empty if it could not be read, and then `findings` are empty, too.
    let document: Span<UInt8>
    /// Whether the document was made from a form or a text, whose values have no types.
    let isForm: Bool
    let findings: JSONFindings
    let route: Route
    let deliveryID: String
    let receivedAtMilliseconds: Int64
    let bodyDigest: Digest
    /// The current element, with `each`; from 0.
    var item = 0
    /// The value of `${hmac}` in the reply of a handshake.
    var hmac: [UInt8] = []

    /// - Parameter bodyDigest: if it was already computed.
    @_lifetime(copy delivery, copy document)
    init(
        _ delivery: borrowing Route.ReadRequest, document: Span<UInt8>, isForm: Bool, findings: JSONFindings,
        route: Route, bodyDigest: Digest? = nil
    ) {
        request = delivery.request
        received = delivery.received
        self.document = document
        self.isForm = isForm
        self.findings = findings
        self.route = route
        deliveryID = delivery.arrival.deliveryID
        receivedAtMilliseconds = delivery.arrival.receivedAtMilliseconds
        self.bodyDigest = bodyDigest ?? Hash.digest(.sha256, delivery.request.body)
    }
}

extension DeliveryContext {
    /// Whether the value of a reference is present and not null. A default does not count.
    func isPresent(_ reference: Reference) -> Bool {
        switch reference.source {
        case .body, .item: (kind(of: reference.pathID) ?? .null) != .null
        case .bodyDigest, .itemDigest: reference.pathID < 0 || range(of: reference.pathID) != nil
        case .header(let name): request.headers.firstIndex(of: name) != nil
        case .query(let name): QueryParameters.first(name, in: request.query) != nil
        case .event: route.event.map { isPresent($0) } ?? false
        // A request that is rendered again from a dead letter has no sender any more.
        case .request(.remoteAddress): request.peer != .unknown
        case .request, .headers, .parameter, .index, .handshakeHMAC: true
        // Belong to the verifier, which has a separate context.
        case .signedTimestamp, .signedID, .verifyOnly, .account: false
        }
    }

    /// The range of a body path's value in the document; of a path with `each` in the current element.
    func range(of path: Int) -> Range<Int>? { findings.range(of: path, item: item) }

    func kind(of path: Int) -> JSONKind? { findings.kind(of: path, item: item) }

    private func isPresent(_ template: TextTemplate) -> Bool {
        template.references.allSatisfy { isPresent($0) || $0.fallback != nil }
    }

    /// Appends the value as JSON; `null` if it is absent and has no default.
    func appendJSON(_ reference: Reference, to json: inout [UInt8]) {
        guard isPresent(reference) else {
            json += reference.fallback?.json ?? Array("null".utf8)
            return
        }
        switch reference.source {
        case .body, .item: appendDocument(at: reference.pathID, to: &json)
        case .headers: appendHeaders(to: &json)
        case .request(let value) where value.row.isNumber: json += text(reference)
        case .index: json.appendDecimal(item)
        case .request, .bodyDigest, .itemDigest, .header, .query, .parameter, .event, .signedTimestamp, .signedID,
            .verifyOnly, .account, .handshakeHMAC:
            json.appendJSONString(text(reference).span)
        }
    }

    /// The value as text: strings without quotes and escapes, other JSON as written. Empty if it is absent and has no
    /// default.
    func text(_ reference: Reference) -> [UInt8] {
        guard isPresent(reference) else { return reference.fallback?.text ?? [] }
        switch reference.source {
        case .body, .item: return bodyText(at: reference.pathID)
        case .header(let name): return headerText(name)
        case .headers:
            var json: [UInt8] = []
            appendHeaders(to: &json)
            return json
        case .query(let name): return QueryParameters.first(name, in: request.query) ?? []
        case .parameter(_, let segment): return PathParameters.value(at: segment, of: request.path)
        case .request(let value): return text(value)
        case .event: return route.event.map { text($0) } ?? []
        case .bodyDigest, .itemDigest: return Array(digest(at: reference.pathID).utf8)
        case .index: return Array(String(item).utf8)
        case .signedTimestamp, .signedID, .verifyOnly, .account: return []
        case .handshakeHMAC: return hmac
        }
    }

    private func text(_ value: RequestValue) -> [UInt8] {
        switch value {
        case .method: request.method.array
        case .path:
            PercentDecoding.pathDecode(route.credentialParameters.removed(from: request.path).span) ?? []
        case .url: route.publicURL(of: request)
        case .deliveryID: Array(deliveryID.utf8)
        case .receivedAt: Array(TimestampText.format(milliseconds: receivedAtMilliseconds).utf8)
        case .receivedMilliseconds: Array(String(receivedAtMilliseconds).utf8)
        case .remoteAddress: Array(request.peer.description.utf8)
        case .route: Array(route.name.utf8)
        }
    }

    /// A text with its references filled in.
    func text(_ template: TextTemplate) -> [UInt8] {
        if let sole = template.soleReference { return text(sole) }
        var bytes: [UInt8] = []
        for part in template.parts {
            switch part {
            case .literal(let literal): bytes += literal
            case .reference(let reference): bytes += text(reference)
            }
        }
        return bytes
    }

    private func digest(at path: Int) -> String {
        guard path >= 0, let range = range(of: path) else { return bodyDigest.hex }
        return Hash.digest(.sha256, document.extracting(range)).hex
    }
}

extension DeliveryContext {
    /// Appends the exact bytes of a value of the body, repaired if Zizq would refuse them.
    private func appendDocument(at path: Int, to json: inout [UInt8]) {
        guard let range = range(of: path) else { return }
        json.appendRepairingSurrogates(document, findings.loneSurrogates, in: range)
    }

    private func bodyText(at path: Int) -> [UInt8] {
        guard let range = range(of: path) else { return [] }
        let value = document.extracting(range)
        guard kind(of: path) == .string else {
            var json: [UInt8] = []
            appendDocument(at: path, to: &json)
            return json
        }
        let content = value.extracting(1..<(value.count - 1))
        if content.firstIndex(of: UInt8(ascii: "\\")) == nil { return content.array }
        return Array((JSONText.decode(value) ?? "").utf8)
    }

    /// The value of a header; lines with the same name are joined by commas (RFC 9110 §5.3).
    private func headerText(_ name: HeaderName) -> [UInt8] {
        guard let first = request.headers.firstIndex(of: name) else { return [] }
        var text = request.headers.value(at: first).array
        var next = request.headers.firstIndex(of: name, from: first + 1)
        while let index = next {
            text += Array(", ".utf8)
            text.append(request.headers.value(at: index))
            next = request.headers.firstIndex(of: name, from: index + 1)
        }
        return text
    }

    /// All headers as an object, names in lower case, without credentials.
    private func appendHeaders(to json: inout [UInt8]) {
        json.append(UInt8(ascii: "{"))
        var names: Set<HeaderName> = []
        for index in 0..<request.headers.count {
            let name = HeaderName(request.headers.name(at: index).text)
            guard !route.credentialHeaders.contains(name), names.insert(name).inserted else { continue }
            if names.count > 1 { json.append(UInt8(ascii: ",")) }
            json.appendJSONString(name.description)
            json.append(UInt8(ascii: ":"))
            json.appendJSONString(headerText(name).span)
        }
        json.append(UInt8(ascii: "}"))
    }
}
