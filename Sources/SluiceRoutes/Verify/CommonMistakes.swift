internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

/// A search for common mistakes behind a signature that does not match: a secret in another notation, a signature in
/// another encoding, a body or URL that was changed in transit. Only for explanations, never when serving.
struct CommonMistakes {
    let verifier: SignatureVerifier
    let entries: SignatureEntries
    let timestamp: [UInt8]?

    private var scheme: SignatureScheme { verifier.scheme }

    /// The changes with which the signature would match, each as a phrase.
    func found(in request: borrowing SignedRequest) -> [String] {
        var found = secretMistakes(request)
        if found.isEmpty { found = encodingMistakes(request) }
        if found.isEmpty { found = bodyMistakes(request) }
        if found.isEmpty { found = urlMistakes(request) }
        return found
    }

    private func texts(_ request: borrowing SignedRequest) -> [SignedText] {
        (try? scheme.texts(of: request, timestamp: timestamp)) ?? []
    }

    private func isMatch(_ key: VerifierKey, _ entries: SignatureEntries, in request: borrowing SignedRequest) -> Bool {
        if scheme.algorithm.carriesSecret { return !key.matches(entries).isEmpty }
        let body = request.request.body
        return texts(request).contains { !key.matches(entries, over: $0, body: body).isEmpty }
    }

    // MARK: - The secret

    private func secretMistakes(_ request: borrowing SignedRequest) -> [String] {
        guard !scheme.algorithm.usesPublicKey else { return [] }
        var found: [String] = []
        for (position, secret) in verifier.secrets.enumerated() {
            guard let text = secret.text else { continue }
            for (words, candidate) in candidates(text) {
                guard let key = key(candidate), isMatch(key, entries, in: request) else { continue }
                found.append("it matches secret \(position + 1) \(words)")
                break
            }
        }
        return found
    }

    private func key(_ bytes: [UInt8]) -> VerifierKey? {
        switch scheme.algorithm.keyKind {
        case .hmac(let hash): .hmac(HMACKey(hash, key: bytes.span))
        case .text: .text(bytes)
        case .publicKey, nil: nil
        }
    }

    /// Other keys that the secret could mean, with the change that makes them the route's.
    private func candidates(_ secret: [UInt8]) -> [(words: String, key: [UInt8])] {
        var candidates: [(String, [UInt8])] = []
        for (source, changes) in spellings(secret) {
            for encoding in encodings {
                var format = scheme.secretFormat
                format.prefix = ""
                format.encoding = encoding
                guard let key = format.key(source) else { continue }
                let isOther = encoding != scheme.secretFormat.encoding
                let words = changes + (isOther ? ["with 'key_encoding: \(encoding.rawValue)'"] : [])
                candidates.append((words.joined(separator: " "), key))
            }
        }
        return candidates
    }

    private var encodings: [KeyEncoding] {
        scheme.algorithm.carriesSecret ? [.utf8] : KeyEncoding.allCases.filter { $0 != .pem }
    }

    /// Texts that the secret could be, without a prefix that is not part of the key.
    private func spellings(_ secret: [UInt8]) -> [(text: [UInt8], changes: [String])] {
        let trimmed = Self.trimmed(secret)
        let trimming = trimmed == secret ? [] : ["without the white space or quotes around it"]
        func stripping(_ prefix: String) -> String { "with 'key_strip_prefix: \"\(prefix)\"'" }
        let shorter = scheme.secretFormat.withoutPrefix(trimmed)
        var spellings = [(shorter, trimming)]
        if trimmed != secret {
            let changes = scheme.secretFormat.hasPrefix(secret) ? [stripping("")] : []
            spellings.append((secret, ["exactly as written, with white space and quotes"] + changes))
        }
        if shorter != trimmed { spellings.append((trimmed, trimming + [stripping("")])) }
        for prefix in ["whsec_", "v1,whsec_", "whpk_", "sk_", "pk_"] where trimmed.starts(with: prefix.utf8) {
            if scheme.algorithm.carriesSecret { break }
            let rest = Array(trimmed.dropFirst(prefix.utf8.count))
            if rest != shorter { spellings.append((rest, trimming + [stripping(prefix)])) }
        }
        spellings.append((shorter + [ASCII.lineFeed], trimming + ["with a line feed at its end"]))
        return spellings
    }

    private static func trimmed(_ secret: [UInt8]) -> [UInt8] {
        func isAround(_ byte: UInt8) -> Bool {
            byte <= 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
        }
        var text = secret[...]
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        while let first = text.first, isAround(first) { text.removeFirst() }
        while let last = text.last, isAround(last) { text.removeLast() }
        return Array(text)
    }

    // MARK: - The signature and the signed text

    private func encodingMistakes(_ request: borrowing SignedRequest) -> [String] {
        guard let encoding = scheme.format.encoding, scheme.algorithm.signsText else { return [] }
        for other in SignatureEncoding.allCases where other != encoding {
            var format = SignatureFormat(
                prefix: scheme.format.prefix, separator: scheme.format.separator, encoding: other)
            format.skipsFirst = scheme.format.skipsFirst
            format.isLoose = scheme.format.isLoose
            let other = scheme.reading(as: format)
            guard let entries = try? other.entries(in: request) else { continue }
            if verifier.secrets.contains(where: { isMatch($0.key, entries, in: request) }) {
                return ["it matches with 'signature_encoding: \(format.encodingNoun)'"]
            }
        }
        return []
    }

    private func bodyMistakes(_ request: borrowing SignedRequest) -> [String] {
        guard scheme.algorithm.signsText, scheme.signed.contains(where: { $0.sources.contains(.body(.root)) }) else {
            return []
        }
        let body = request.request.body.array
        var others: [(String, [UInt8])] = [("a line feed at the end of the body", body + [ASCII.lineFeed])]
        if body.last == ASCII.lineFeed {
            let shorter = Array(body.dropLast())
            others.append(("the body without the line feed at its end", shorter))
            if shorter.last == ASCII.carriageReturn {
                others.append(("the body without the line break at its end", Array(shorter.dropLast())))
            }
        }
        let texts = texts(request)
        for (words, other) in others {
            for secret in verifier.secrets {
                for text in texts where !secret.key.matches(entries, over: text, body: other.span).isEmpty {
                    return ["it matches \(words), so the body was changed after it was signed"]
                }
            }
        }
        return []
    }

    private func urlMistakes(_ request: borrowing SignedRequest) -> [String] {
        guard let url = request.publicURL, scheme.signed.contains(where: { $0.sources.contains(where: \.isURL) }) else {
            return []
        }
        for other in url.lookalikes {
            var changed = copy request
            changed.publicURL = other
            for secret in verifier.secrets where isMatch(secret.key, entries, in: changed) {
                return ["it matches with 'public_url: \(PrintableText.escape(other.description))'"]
            }
        }
        return []
    }
}
