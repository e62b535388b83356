internal import SluiceBase

/// The notation of signatures in a value: several with a separator, each after a prefix, encoded.
package struct SignatureForm: Sendable {
    let prefix: [UInt8]
    /// What stands between several; `nil` where the whole value is one.
    package let separator: UInt8?
    /// `nil` where the value is taken as it is written.
    let encoding: SignatureEncoding?
    /// Whether the first entry is the timestamp.
    package var skipsFirst = false
    /// Whether the letters of the prefix may be in either case, as those of an authentication scheme (RFC 9110 §11.1).
    package var ignoresCase = false
    /// In bytes, in any encoding: RSA keys of 4096 bits make signatures of 1024 hex digits.
    package var longest = SignatureEntries.longestSignature

    package init(prefix: [UInt8], separator: UInt8?, encoding: SignatureEncoding?) {
        self.prefix = prefix
        self.separator = separator
        self.encoding = encoding
    }

    /// Whether a value begins with the prefix.
    func isPrefix(of value: Span<UInt8>) -> Bool {
        guard ignoresCase else { return value.hasPrefix(prefix.span) }
        guard value.count >= prefix.count else { return false }
        return prefix.indices.allSatisfy { ASCII.lowercase(value[$0]) == ASCII.lowercase(prefix[$0]) }
    }

    /// Where an entry ends that has the prefix: some senders join entries by a comma and a blank.
    func end(of entry: Span<UInt8>) -> Int {
        var end = entry.count
        guard separator == ASCII.space else { return end }
        while end > prefix.count, entry[end - 1] == UInt8(ascii: ",") { end -= 1 }
        return end
    }

    /// What a value says without its prefix; `nil` for what is not in the encoding, or longer than any signature.
    func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count <= longest else { return nil }
        return encoding.map { $0.decode(text) } ?? text.array
    }

    /// What `signature_encoding` calls the encoding, for messages.
    var encodingNoun: String { encoding?.rawValue ?? "short enough" }
}

/// The signatures that were found in a request, those that could not be read included.
package struct SignatureEntries {
    /// The result for an entry with the prefix.
    package enum Entry {
        /// There is nothing behind the prefix.
        case empty
        /// It is not in its encoding, or longer than any signature.
        case unreadable
        case signature([UInt8])
    }

    /// The maximum number of checked entries of one request; a secret is replaced by one or two others, not by twenty.
    static let limit = 20
    static let longestSignature = 1024

    let form: SignatureForm
    private(set) var list: [Entry] = []
    /// How many entries are not empty and lack the prefix.
    private(set) var skipped = 0
    /// Whether there was any value, empty ones included.
    private(set) var hasValue = false

    init(_ form: SignatureForm) { self.form = form }

    /// Takes the entries of one value.
    mutating func take(_ value: Span<UInt8>) {
        hasValue = true
        var splitter = EntrySplitter(separator: form.separator)
        if form.skipsFirst { _ = splitter.next(in: value) }
        while list.count < Self.limit, let range = splitter.next(in: value) { add(value.extracting(range)) }
    }

    private mutating func add(_ entry: Span<UInt8>) {
        if entry.isEmpty { return }
        guard form.isPrefix(of: entry) else {
            skipped += 1
            return
        }
        let text = entry.extracting(form.prefix.count..<form.end(of: entry))
        if text.isEmpty {
            list.append(.empty)
        } else if let signature = form.decode(text) {
            list.append(.signature(signature))
        } else {
            list.append(.unreadable)
        }
    }

    /// Whether there is anything to compare.
    var holdSignature: Bool { list.contains { if case .signature = $0 { true } else { false } } }

    /// Why there is nothing to compare.
    ///
    /// - Parameter noun: where it was looked for, with an article.
    func refusal(_ noun: String) -> VerificationError {
        let isList = form.separator != nil
        if list.contains(where: { if case .unreadable = $0 { true } else { false } }) {
            return .invalid("\(noun) \(isList ? "contains no signature that is" : "is not") \(form.encodingNoun)")
        }
        if !hasValue { return .absent("\(noun) is missing") }
        if !list.isEmpty { return .missing("\(noun) contains no signature after its prefix") }
        if skipped == 0 { return .absent("\(noun) is empty") }
        var error = VerificationError.invalid(
            "\(noun) \(isList ? "contains no entry that begins" : "does not begin") with the signature's prefix")
        error.hasSignature = false
        return error
    }
}

/// Walks over the entries of a value, without the blanks around them.
package struct EntrySplitter {
    let separator: UInt8?
    private var start = 0

    init(separator: UInt8?) { self.separator = separator }

    /// The next entry, which may be empty; `nil` behind the last.
    mutating func next(in value: Span<UInt8>) -> Range<Int>? {
        guard start <= value.count else { return nil }
        var first = start
        var end = separator.flatMap { value.firstIndex(of: $0, from: first) } ?? value.count
        start = end + 1
        while first < end, Self.isBlank(value[first]) { first += 1 }
        while end > first, Self.isBlank(value[end - 1]) { end -= 1 }
        return first..<end
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }
}

extension Span where Element == UInt8 {
    func hasPrefix(_ prefix: Span<UInt8>) -> Bool {
        count >= prefix.count && extracting(0..<prefix.count).equals(prefix)
    }
}
