internal import SluiceBase

/// How signatures stand in a value: several with something between them, each behind a prefix, encoded.
package struct SignatureForm: Sendable {
    let prefix: [UInt8]
    /// What stands between several; `nil` where the whole value is one.
    package let separator: UInt8?
    let encoding: SignatureEncoding

    package init(prefix: [UInt8], separator: UInt8?, encoding: SignatureEncoding) {
        self.prefix = prefix
        self.separator = separator
        self.encoding = encoding
    }
}

/// The signatures that were found in a request, those that could not be read included.
package struct SignatureEntries {
    /// What became of an entry that has the prefix.
    package enum Entry {
        /// There is nothing behind the prefix.
        case empty
        /// It is not in its encoding, or longer than any signature.
        case unreadable
        case signature([UInt8])
    }

    /// So many entries of one request are looked at; a secret is replaced by one or two others, not by twenty.
    static let limit = 20
    /// In bytes, in any encoding: RSA keys of 4096 bits make signatures of 1024 hex digits.
    static let longest = 1024

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
        while list.count < Self.limit, let range = splitter.next(in: value) { add(value.extracting(range)) }
    }

    private mutating func add(_ entry: Span<UInt8>) {
        if entry.isEmpty { return }
        guard entry.hasPrefix(form.prefix.span) else {
            skipped += 1
            return
        }
        let text = entry.extracting(form.prefix.count..<entry.count)
        if text.isEmpty {
            list.append(.empty)
        } else if text.count <= Self.longest, let signature = form.encoding.decode(text) {
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
            return .invalid("\(noun) \(isList ? "contains no signature that is" : "is not") \(form.encoding.rawValue)")
        }
        if !hasValue { return .missing("\(noun) is missing") }
        if !list.isEmpty { return .missing("\(noun) contains no signature after its prefix") }
        if skipped == 0 { return .missing("\(noun) is empty") }
        return .invalid(
            "\(noun) \(isList ? "contains no entry that begins" : "does not begin") with the signature's prefix")
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
