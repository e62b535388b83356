/// The fenced blocks of a document, or of one section of it, in order.
struct DocumentBlocks {
    struct Block: Sendable, Equatable {
        /// What stands behind the opening fence: `sh`, `json`, `text`.
        let language: String
        let text: String
        /// The suite that the comment above the block says it is run by.
        let suite: String?
    }

    let blocks: [Block]

    /// - Parameter heading: the section's; the whole document where nil.
    init(_ path: String, heading: String? = nil) throws {
        var lines = try ProjectFiles.text(path).split(separator: "\n", omittingEmptySubsequences: false)[...]
        if let heading {
            lines = lines.drop { $0 != "## " + heading }.dropFirst().prefix { !$0.hasPrefix("## ") }
        }
        blocks = Self.blocks(Array(lines))
    }

    private static func blocks(_ lines: [Substring]) -> [Block] {
        var blocks: [Block] = []
        var open: Int?
        for (index, line) in lines.enumerated() where line.hasPrefix("```") {
            guard let start = open else {
                open = index
                continue
            }
            let above = start > 0 ? lines[start - 1] : ""
            blocks.append(
                Block(
                    language: String(lines[start].dropFirst(3)),
                    text: lines[(start + 1)..<index].joined(separator: "\n"),
                    suite: above.wholeMatch(of: /<!-- run by ([A-Za-z]+) -->/).map { String($0.1) }))
            open = nil
        }
        return blocks
    }
}

/// Gives identifiers names in the order in which they first appear, so that texts that differ in nothing else are
/// equal.
struct IdentifierMask {
    private var names: [Substring: String] = [:]

    mutating func mask(_ text: String) -> String {
        text.replacing(/\b(?:[0-9A-Z]{26}|[0-9a-z]{25})\b/) { match in
            let name = names[match.output] ?? "ID\(names.count + 1)"
            names[match.output] = name
            return name
        }
        .replacing(/"ready_at":\d+/, with: #""ready_at":N"#)
    }
}
