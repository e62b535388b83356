internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

extension Route {
    /// The unique key of a delivery, or of the current element; `nil` if the route has none, or any part of it is
    /// absent, null or blank.
    func key(_ context: borrowing DeliveryContext) -> DeliveryKey? {
        guard let template = parts.uniqueKey, let found = keyParts(template, context) else { return nil }
        return DeliveryKey(scope: keyScope(context), parts: found, isList: template.isList)
    }

    /// A rule's own key for Zizq: not scoped.
    func ownKey(_ template: UniqueKeyTemplate, _ context: borrowing DeliveryContext) -> String? {
        keyParts(template, context).map { DeliveryKey.ownText($0, isList: template.isList) }
    }

    /// The digest of the body, or of the current element, instead of a missing key.
    func bodyHashKey(_ context: borrowing DeliveryContext) -> DeliveryKey {
        let digest = KeyPart(type: .text, bytes: Array("body:\(contentDigest(context).hex)".utf8))
        return DeliveryKey(scope: keyScope(context), parts: [digest], isList: false)
    }

    /// The digest of what the key identifies: the element, if keys belong to elements, otherwise the body.
    func contentDigest(_ context: borrowing DeliveryContext) -> Digest {
        guard keysAreOfElements, let elements = parts.elements, let range = context.range(of: elements.pathID) else {
            return context.bodyDigest
        }
        return Hash.digest(.sha256, context.document.extracting(range))
    }

    /// The digest that `on_changed_body` compares: of the values in `compare`, if any, otherwise of what the key
    /// identifies. Each value counts by its exact bytes.
    func comparedDigest(_ context: borrowing DeliveryContext) -> Digest {
        guard !parts.compared.isEmpty else { return contentDigest(context) }
        var digests: [UInt8] = []
        var isAbsent = true
        for reference in parts.compared {
            guard let range = context.range(of: reference.pathID) else {
                digests.append(0)
                continue
            }
            isAbsent = false
            digests.append(1)
            digests.append(Hash.digest(.sha256, context.document.extracting(range)).span)
        }
        return isAbsent ? contentDigest(context) : Hash.digest(.sha256, digests.span)
    }

    private func keyScope(_ context: borrowing DeliveryContext) -> KeyScope {
        guard !parameterSegments.isEmpty else { return bareScope }
        var values: [[UInt8]] = []
        for segment in parameterSegments {
            let value = PathParameters.value(at: segment, of: context.request.path)
            values.append(credentialParameters.mark(of: value, at: segment) ?? value)
        }
        return KeyScope(name: bareScope.name, parameters: values)
    }

    private func keyParts(_ template: UniqueKeyTemplate, _ context: borrowing DeliveryContext) -> [KeyPart]? {
        var found: [KeyPart] = []
        found.reserveCapacity(template.parts.count)
        for part in template.parts {
            guard let rendered = keyPart(part, isTyped: template.isList && coversTypes, context), !rendered.isBlank
            else { return nil }
            found.append(rendered)
        }
        return found
    }

    /// Whether a signature of a text can be valid with a line feed at its end and without it, which are then the same
    /// delivery.
    private var signsLineFeeds: Bool {
        parts.verifier.schemes.contains { scheme in
            scheme.signed.count > 1
                && scheme.signed.contains { text in
                    guard case .literal(let end)? = text.pieces.last?.part else { return false }
                    return end.last == ASCII.lineFeed
                }
        }
    }

    /// One part of a key; `nil` if a value in it is absent, null or blank.
    func keyPart(_ template: TextTemplate, isTyped: Bool, _ context: borrowing DeliveryContext) -> KeyPart? {
        if let sole = template.soleReference { return keyPart(sole, isTyped: isTyped, context) }
        var bytes: [UInt8] = []
        for part in template.parts {
            switch part {
            case .literal(let literal): bytes += literal
            case .reference(let reference):
                guard let rendered = keyPart(reference, isTyped: false, context), !rendered.isBlank else { return nil }
                bytes += rendered.bytes
            }
        }
        return KeyPart(type: .text, bytes: bytes)
    }

    /// - Parameter isTyped: whether the number 12 and the text "12" are different keys, as in a list.
    private func keyPart(_ reference: Reference, isTyped: Bool, _ context: borrowing DeliveryContext) -> KeyPart? {
        guard context.isPresent(reference) else {
            return reference.fallback.map { KeyPart(type: .text, bytes: $0.text) }
        }
        if let digest = context.digestWithoutLineFeeds(reference), signsLineFeeds {
            return KeyPart(type: .text, bytes: digest)
        }
        guard reference.source.isOfBody else { return KeyPart(type: .text, bytes: context.text(reference)) }
        if coversTypes, let raw = context.rawString(reference) { return KeyPart(type: .raw, bytes: raw) }
        return KeyPart(type: isTyped ? context.keyType(reference) : .text, bytes: context.text(reference))
    }
}

extension DeliveryContext {
    fileprivate func keyType(_ reference: Reference) -> KeyPart.PartType {
        switch kind(of: reference.pathID) {
        case .number: .number
        case .true, .false: .boolean
        case .object, .array: .json
        case .string, .null, nil: .text
        }
    }

    /// The digest of a text without the line feeds at its end, written as `\n`; `nil` if there are none.
    fileprivate func digestWithoutLineFeeds(_ reference: Reference) -> [UInt8]? {
        switch reference.source {
        case .bodyDigest, .itemDigest: break
        case .body, .item, .header, .headers, .query, .parameter, .request, .event, .index, .signedTimestamp, .signedID,
            .verifyOnly, .account, .handshakeHMAC:
            return nil
        }
        guard reference.pathID >= 0, kind(of: reference.pathID) == .string, let range = range(of: reference.pathID)
        else { return nil }
        let json = document.extracting(range)
        // The position of the closing quotation mark.
        var end = json.count - 1
        while end >= 3, json[end - 1] == UInt8(ascii: "n") {
            // An even number of backslashes are themselves, before the letter n.
            var start = end - 1
            while json[start - 1] == UInt8(ascii: "\\") { start -= 1 }
            if (end - 1 - start).isMultiple(of: 2) { break }
            end -= 2
        }
        guard end < json.count - 1 else { return nil }
        let text = json.extracting(..<end).array + [UInt8(ascii: "\"")]
        return Array(Hash.digest(.sha256, text.span).hex.utf8)
    }

    /// The exact JSON of a string with a lone surrogate: as text, different ones could be equal.
    fileprivate func rawString(_ reference: Reference) -> [UInt8]? {
        guard !findings.loneSurrogates.isEmpty, kind(of: reference.pathID) == .string,
            let range = range(of: reference.pathID), findings.loneSurrogates.contains(where: range.contains)
        else { return nil }
        return document.extracting(range).array
    }
}
