internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Literal texts that look as if something else was intended.
enum LiteralLookalike {
    private static let roots = Set(ReferenceSyntax.all.filter { !$0.isWord }.map { "\($0.root)." })

    /// A remark on a text of a payload that looks like a reference of another program: `body.a`, `$body.a`,
    /// `$(body.a)`, `{{body.a}}`. `nil` for any other text.
    static func remark(onPayload text: String) -> String? {
        var inner = text[...]
        for (opening, closing) in [("$(", ")"), ("{{", "}}"), ("{", "}"), ("$", "")]
        where inner.hasPrefix(opening) && inner.hasSuffix(closing) && inner.count > opening.count + closing.count {
            inner = inner.dropFirst(opening.count).dropLast(closing.count)
            break
        }
        while inner.first == " " { inner.removeFirst() }
        while inner.last == " " { inner.removeLast() }
        guard inner.utf8.allSatisfy(isReferenceByte), roots.contains(where: inner.hasPrefix) else { return nil }
        return "this is literal text; write a reference as ${\(inner)}"
    }

    /// A remark on a text in a condition that looks like a pattern or a comparison.
    static func remark(onExpected text: String) -> String? {
        if text.utf8.contains(UInt8(ascii: "*")), text != "*" {
            return "this value is compared literally; write a pattern as { like: … }"
        }
        guard let first = text.first, first == ">" || first == "<" else { return nil }
        let number = text.drop { "<>= ".contains($0) }
        guard JSONNumber(String(number)) != nil else { return nil }
        return
            "this value is compared literally; compare a number with { \(first == ">" ? "greater" : "less"): "
            + "\(number) }"
    }

    /// A remark on a quoted text in a condition on a JSON value that would be a number, true, false or null without
    /// quotes: the text equals none of those.
    static func remark(onQuoted scalar: YAMLScalar) -> String? {
        guard scalar.style != .plain, !scalar.text.isEmpty else { return nil }
        let plain = YAMLScalar(text: scalar.text, style: .plain).value
        if case .text = plain { return nil }
        let written = PrintableText.quote(scalar.text)
        return
            "this is the text \(written), which is not \(plain.noun) in JSON; leave out the quotes, or, if the body "
            + "has a text, write { like: \(written) }"
    }

    /// A remark on a plain text that YAML 1.2 reads as null, true or false, unlike route files: `~`, `Null`, `TRUE`.
    static func remark(onPlain scalar: YAMLScalar) -> String? {
        guard scalar.style == .plain else { return nil }
        let meaning: String
        switch scalar.text {
        case "~", "Null", "NULL": meaning = "null"
        case "True", "TRUE": meaning = "true"
        case "False", "FALSE": meaning = "false"
        default: return nil
        }
        return "this is the text '\(scalar.text)'; write \(meaning), or put the text in quotes"
    }

    private static func isReferenceByte(_ byte: UInt8) -> Bool {
        ASCII.isWordByte(byte) || ".[]\"".utf8.contains(byte)
    }
}
