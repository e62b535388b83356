internal import SluiceBase

/// The notation of signatures in a value: several with a separator, each after a prefix, encoded.
package struct SignatureFormat: Sendable {
    let prefix: [UInt8]
    /// The byte between entries; `nil` if the whole value is one.
    package let separator: UInt8?
    /// `nil` if the value is used as written.
    let encoding: SignatureEncoding?
    /// Whether the first entry is the timestamp.
    package var skipsFirst = false
    /// Whether the case of the prefix does not count, as for an authentication scheme (RFC 9110 §11.1), nor blanks
    /// around a `=` at its end.
    package var isLoose = false
    /// The maximum size in bytes, in any encoding: RSA keys of 4096 bits make signatures of 1024 hex digits.
    package var longest = SignatureEntries.longestSignature
    /// The maximum number of checked entries of one request.
    var maximumEntries = SignatureEntries.limit

    package init(prefix: [UInt8], separator: UInt8?, encoding: SignatureEncoding?) {
        self.prefix = prefix
        self.separator = separator
        self.encoding = encoding
    }

    /// The end of an entry with the prefix: some senders join entries by a comma and a blank.
    func end(of entry: Span<UInt8>) -> Int {
        var end = entry.count
        guard separator == ASCII.space else { return end }
        while end > prefix.count, entry[end - 1] == UInt8(ascii: ",") { end -= 1 }
        return end
    }

    /// Decodes a value without its prefix; `nil` if it is not in the encoding, or longer than any signature.
    func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count <= longest else { return nil }
        return encoding.map { $0.decode(text) } ?? text.array
    }

    /// The number of entries with the prefix in a value.
    func entryCount(in value: Span<UInt8>) -> Int {
        var splitter = EntrySplitter(separator: separator)
        if skipsFirst { _ = splitter.next(in: value) }
        var count = 0
        while let range = splitter.next(in: value) {
            if value.extracting(range).start(after: prefix, isLoose: isLoose) != nil { count += 1 }
        }
        return count
    }

    /// The name of the encoding in messages, as in `signature_encoding`.
    var encodingNoun: String { encoding?.rawValue ?? "short enough" }
}

/// The signatures found in a request, including unreadable ones.
package struct SignatureEntries {
    /// The result for an entry with the prefix.
    package enum Entry {
        /// There is nothing after the prefix.
        case empty
        /// It is not in its encoding, or longer than any signature.
        case unreadable
        case signature([UInt8])
    }

    /// The maximum number of checked entries of one request; a secret is replaced by one or two others, not by twenty.
    static let limit = 20
    /// The same if each of them takes as long as hashing 128 KiB.
    static let publicKeyLimit = 4
    static let longestSignature = 1024

    let format: SignatureFormat
    private(set) var list: [Entry] = []
    /// The number of entries that are not empty and lack the prefix.
    private(set) var skipped = 0
    /// Whether there was any value, including empty ones.
    private(set) var hasValue = false

    init(_ format: SignatureFormat) { self.format = format }

    /// Adds the entries of one value.
    mutating func take(_ value: Span<UInt8>) {
        hasValue = true
        var splitter = EntrySplitter(separator: format.separator)
        if format.skipsFirst { _ = splitter.next(in: value) }
        while list.count < format.maximumEntries, let range = splitter.next(in: value) { add(value.extracting(range)) }
    }

    private mutating func add(_ entry: Span<UInt8>) {
        if entry.isEmpty { return }
        guard let start = entry.start(after: format.prefix, isLoose: format.isLoose) else {
            skipped += 1
            return
        }
        let text = entry.extracting(start..<format.end(of: entry))
        if text.isEmpty {
            list.append(.empty)
        } else if let signature = format.decode(text) {
            list.append(.signature(signature))
        } else {
            list.append(.unreadable)
        }
    }

    /// Whether there is a signature to compare.
    var holdSignature: Bool { list.contains { if case .signature = $0 { true } else { false } } }

    /// The refusal if there is no signature to compare.
    ///
    /// - Parameter noun: the location of the signature, with an article.
    func refusal(_ noun: String) -> VerificationError {
        let isList = format.separator != nil
        if list.contains(where: { if case .unreadable = $0 { true } else { false } }) {
            return .invalid("\(noun) \(isList ? "contains no signature that is" : "is not") \(format.encodingNoun)")
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

/// Splits a value into its entries, without the blanks around them.
package struct EntrySplitter {
    let separator: UInt8?
    private(set) var start = 0

    /// The next entry, which may be empty; `nil` at the end.
    mutating func next(in value: Span<UInt8>) -> Range<Int>? {
        guard start <= value.count else { return nil }
        var first = start
        var end = separator.flatMap { value.firstIndex(of: $0, from: first) } ?? value.count
        start = end + 1
        while first < end, HeaderParameters.isBlank(value[first]) { first += 1 }
        while end > first, HeaderParameters.isBlank(value[end - 1]) { end -= 1 }
        return first..<end
    }
}

extension Span where Element == UInt8 {
    /// Where the value after a prefix begins; `nil` without the prefix.
    ///
    /// - Parameter isLoose: whether the case of the prefix does not count, nor blanks around a `=` at its end.
    func start(after prefix: [UInt8], isLoose: Bool) -> Int? {
        guard isLoose else { return begins(with: prefix.span) ? prefix.count : nil }
        let equals = UInt8(ascii: "=")
        let name = prefix.last == equals ? prefix.dropLast() : prefix[...]
        guard count >= name.count, name.indices.allSatisfy({ ASCII.lowercase(self[$0]) == ASCII.lowercase(name[$0]) })
        else { return nil }
        if name.count == prefix.count { return name.count }
        let sign = indexAfterBlanks(from: name.count)
        guard sign < count, self[sign] == equals else { return nil }
        return indexAfterBlanks(from: sign + 1)
    }

    private func indexAfterBlanks(from start: Int) -> Int {
        var index = start
        while index < count, HeaderParameters.isBlank(self[index]) { index += 1 }
        return index
    }
}
