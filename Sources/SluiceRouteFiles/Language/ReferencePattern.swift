internal import SluiceRoutes

/// Regular expressions for references, equivalent to `ReferenceParser`.
///
/// They use the common subset of ECMA-262 (with the flag `u`), Python, Go and Rust, and are unambiguous, so that no
/// validator backtracks far.
enum ReferencePattern {
    private static let blanks = "[ \\t]*"
    /// A JSON string, roughly.
    private static let quoted = #""([^"\\]|\\.)*""#
    private static let word = #"[^ \t.\[\]\{\}?"$\n]+"#
    private static let step = #"(\.\#(word)|\[(0|[1-9][0-9]*|\#(quoted))\])"#
    private static let path = "\(step)*"
    private static let pathOfElements = #"(\.\#(word)|\[(0|[1-9][0-9]*|\#(quoted))?\])*"#
    private static let name = #"(\.\#(word)|\[\#(quoted)\])"#
    private static let headerName = #"\.\#(SchemaPattern.token)"#
    private static let plainDefault =
        #"(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+\-]?[0-9]+)?|true|false|null)( \#(blanks))?"#
    private static let fallback = #"(\?\?\#(blanks)(\#(quoted)\#(blanks)|\#(plainDefault)))?"#

    private static let source = alternatives(pattern(of: ReferenceSyntax.general))
    private static let signedSource = alternatives(pattern(of: ReferenceSyntax.all))

    /// One pattern for the words, and for each root with its continuations.
    private static func pattern(of forms: [ReferenceSyntax]) -> [String] {
        let words = alternatives(forms.filter(\.isWord).map(\.name))
        return [words] + forms.filter { !$0.isWord }.map(pattern)
    }

    private static func pattern(of row: ReferenceSyntax) -> String {
        switch row.syntax {
        case .word where row.root == "delivery":
            row.field.map { #"\#(row.root)(\.\#($0)|\["\#($0)"\])"# } ?? row.name
        case .word: row.name.replacing(".", with: "\\.")
        case .path: row.name.replacing(".", with: "\\.") + path
        case .name: row.name.replacing(".", with: "\\.") + name
        case .header: row.name.replacing(".", with: "\\.") + headerName
        case .reference: #"\#(row.name)\.(\#(part))"#
        }
    }

    /// A part of a request that can contain a text.
    private static let part =
        (ReferenceSyntax.all.filter(\.isNamed).map(pattern) + ["(body|item)\(step)+"]).joined(separator: "|")

    private static func alternatives(_ patterns: [String]) -> String { "(\(patterns.joined(separator: "|")))" }

    private static func reference(_ source: String) -> String { #"\$\{\#(blanks)\#(source)\#(blanks)\#(fallback)\}"# }

    private static func text(_ reference: String) -> String { #"^([^$]|\$\$+\{|\#(reference)|\$+([^$\{]|$))*$"# }

    /// Whether a text contains a reference: `${` that is not `$${`.
    static let isHeld = #"(^|[^$])\$\{"#
    /// A text in which every reference is well-formed.
    static let text = text(reference(source))
    /// The same for `signed`, with `timestamp` and `id`.
    static let signedText = text(reference(signedSource))
    /// A reference without `${` and `}`.
    static let bare = "^\(blanks)\(source)$"
    /// One reference to an array in the body, or the word `lines`.
    static let elements =
        #"^(lines|\$\{\#(blanks)body\#(pathOfElements)\#(blanks)(\?\?\#(blanks)null( \#(blanks))?)?\})$"#
    /// One reference to a value of a request that can contain a part of a signature.
    static let signaturePart =
        #"^\$\{\#(blanks)(\#(part)|body)\#(blanks)\}$"#
    /// The same, or a URL.
    static let keyLocation = #"(\#(signaturePart)|\#(keyURL))"#
    /// An https URL with a path.
    static let keyURL = #"^https://[^ /?#]+/[^ #]*$"#
    /// One reference to an array in the body.
    static let signedElements = #"^\$\{\#(blanks)body\#(pathOfElements)\#(blanks)\}$"#
    /// One reference to a value of the body or of an element.
    static let bodyValue = #"^\$\{\#(blanks)(body|item)\#(path)\#(blanks)\}$"#
    /// One reference of `signed`.
    static let signedPart = #"^\$\{\#(blanks)\#(signedSource)\#(blanks)\}$"#
    /// The same without `${` and `}`.
    static let bareSigned = #"^\#(blanks)\#(signedSource)$"#
}
