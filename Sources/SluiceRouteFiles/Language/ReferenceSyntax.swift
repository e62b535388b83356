internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes

/// A row of the table of references: one form of `${…}`.
///
/// The parser, the patterns of the JSON Schema and the tables of the reference page are generated from the rows. Those
/// of single words come from the rows of `RequestValue` and `DerivedValue`.
package struct ReferenceSyntax: Sendable {
    /// The start of the reference: `body`, `delivery.id`.
    package let name: String
    let syntax: Syntax
    /// Its value in a job, in Markdown; `nil` if it is only available in `verify`.
    package let meaning: String?
    /// Its value in `verify`, in Markdown; `nil` if senders cannot sign it.
    package let signedMeaning: String?

    /// The syntax after the name, and the resulting source.
    enum Syntax: Sendable {
        /// Nothing.
        case word(ReferenceSource)
        /// A path into JSON: `.a.b[0]["odd.key"]`.
        case path(@Sendable (JSONPath) -> ReferenceSource)
        /// A name of something that messages call by its noun: `.NAME` or `["odd.name"]`.
        case name(of: String, @Sendable (String) -> ReferenceSource)
        /// A header's name, which may contain dots: `.NAME`.
        case header(@Sendable (HeaderName) -> ReferenceSource)
        /// Another reference, to a value of the request: `.body.id`.
        case reference(@Sendable (ReferenceSource) -> VerifyReference)
    }

    private init(_ name: String, _ syntax: Syntax, meaning: String? = nil, signed: String? = nil) {
        self.name = name
        self.syntax = syntax
        self.meaning = meaning
        signedMeaning = signed
    }

    private init(_ source: ReferenceSource, _ word: ReferenceWord) {
        self.init(word.name, .word(source), meaning: word.meaning, signed: word.signed)
    }

    package static let all =
        [
            ReferenceSyntax(
                "body", .path { .body($0) }, meaning: "The body, or a value in it",
                signed:
                    "The bytes of the body as received, or a value in it: a string without quotes and escapes, "
                    + "anything else as written"),
            ReferenceSyntax(
                "headers", .word(.headers),
                meaning: "All headers as an object, with names in lower case, without the signature, `Authorization`, "
                    + "`Proxy-Authorization` and `Cookie`"),
            ReferenceSyntax(
                "header", .header { .header($0) },
                meaning: "A request header, case-insensitive; repeated lines are joined by commas",
                signed: "A header, which must not be repeated"),
            ReferenceSyntax(
                "query", .name(of: "a query parameter") { .query($0) },
                meaning: "A query parameter, decoded; the first one if it is repeated",
                signed: "A parameter of the query, decoded"),
            ReferenceSyntax(
                "param", .name(of: "a path parameter") { .parameter($0, segment: -1) },
                meaning: "A parameter of the [path](#paths), decoded", signed: "A parameter of the path, decoded"),
            ReferenceSyntax(
                "event", .word(.event), meaning: "The value of the route's `event`, or of the provider's"),
            ReferenceSyntax(
                "item", .path { .item($0) }, meaning: "With `each`: the element, or a value in it",
                signed: "With `each` in `verify`: the element, or a value in it"),
            ReferenceSyntax("index", .word(.index), meaning: "With `each`: the position of the element, from 0"),
            ReferenceSyntax(
                "sha256.body", .path { .bodyDigest($0) },
                meaning:
                    "The digest, in hex, of the body (after decompression), or of the exact bytes of a value in it",
                signed: "The digest, in hex, of the body, or of a value in it"),
            ReferenceSyntax(
                "sha256.item", .path { .itemDigest($0) },
                meaning: "With `each`: the digest, in hex, of the exact bytes of the element, or of a value in it"),
            ReferenceSyntax(
                "account", .name(of: "a value of 'account'") { .account($0) },
                meaning: "In a [preset](#custom-presets): the value of the route's `account`",
                signed: "In a preset: the value of the route's `account`"),
            ReferenceSyntax(
                "hmac", .word(.handshakeHMAC),
                meaning: "In the `reply` of a [handshake](#handshakes) with `hmac`: the authentication code"),
            ReferenceSyntax("timestamp", .word(.signedTimestamp), signed: "The value of `timestamp_from`, as received"),
            ReferenceSyntax("id", .word(.signedID), signed: "The value of `id_from`, as received"),
        ] + RequestValue.allCases.map { ReferenceSyntax(.request($0), $0.row) }
        + DerivedValue.allCases.map { ReferenceSyntax(.derived($0), $0.row) } + derived

    /// Values that senders derive from others; not useful in jobs.
    private static let derived = [
        ReferenceSyntax(
            "form.without", .name(of: "a field of the form") { .verifyOnly(.formWithout($0)) },
            signed:
                "All fields of a URL-encoded body except this one, decoded, as `&name=value` sorted by name, with `_` "
                + "for each `&` and `=` in a value. No field may be repeated"),
        ReferenceSyntax(
            "listed.header", .header { .verifyOnly(.listedHeaders($0)) },
            signed: "The headers that a header lists, as `name:value` in lower case and in the order of their names, "
                + "joined by `;`. Those that the request does not have are left out"),
        ReferenceSyntax("lower", .reference { .lower($0) }, signed: "Another value in lower case: `lower.query.id`"),
        ReferenceSyntax(
            "escaped", .reference { .escaped($0) },
            signed:
                "Another value with a `\\` before each `\\` and each `:`, for texts joined by `:`: `escaped.body.id`"),
    ]

    /// Those that are available outside of `verify`.
    static var general: [ReferenceSyntax] { all.filter { $0.meaning != nil } }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    static func named(_ name: String) -> ReferenceSyntax? { byName[name] }

    /// The part before the first dot of a name: `delivery`.
    var root: Substring { name.prefix { $0 != "." } }

    /// The part after the first dot of a name; `nil` without one.
    var field: Substring? { name.firstIndex(of: ".").map { name[name.index(after: $0)...] } }

    /// The fields after a root and a dot, of the forms with this root.
    static func fields(of root: String) -> [String] {
        all.filter { $0.root == root }.compactMap { $0.field.map(String.init) }
    }

    /// Whether it is a word without anything after it.
    var isWord: Bool {
        if case .word = syntax { field == nil } else { false }
    }

    /// Whether it is one named value of a request.
    var isNamed: Bool {
        switch syntax {
        case .name, .header: field == nil
        case .word, .path, .reference: false
        }
    }

    /// The forms for a page, in Markdown.
    package var written: String {
        let forms =
            switch syntax {
            case .word: [name]
            case .path: [name, "\(name).a.b", "\(name)[\"odd.key\"]"]
            case .name: ["\(name).NAME", "\(name)[\"odd.name\"]"]
            case .header: ["\(name).NAME"]
            case .reference: ["\(name).body.a", "\(name).header.NAME", "\(name).query.NAME"]
            }
        return forms.map { "`\($0)`" }.joined(separator: ", ")
    }
}
