internal import SluiceRoutes

/// Regular expressions for texts without references.
enum SchemaPattern {
    /// RFC 9110 §5.6.2.
    static let token = #"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"#
    static let headerName = "^\(token)$"
    static let method = "^[A-Z]+$"

    /// `type/subtype` or `type/*`.
    static let mediaType = #"^[!#$%&'+\-.^_`|~0-9A-Za-z]+/((\*\+)?[!#$%&'+\-.^_`|~0-9A-Za-z]+|\*)$"#

    static let duration = "^([0-9]+(ms|s|m|h|d)|0)$"
    static let positiveDuration = "^0*[1-9][0-9]*(ms|s|m|h|d)$"
    static let size = "^[0-9]+(B|KiB|MiB|GiB|TiB)?$"

    /// RFC 3339 §5.6, or milliseconds since 1970.
    static let time =
        #"^([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"#
        + #"([Zz]|[+\-][0-9]{2}:[0-9]{2})|[0-9]{12,15})$"#

    /// The names that Zizq accepts for queues and types.
    static let zizqName = #"^[^,*?\[\]\{\}\\\x00]+$"#

    /// Segments in braces are parameters.
    static let path = #"^(/(\{[A-Za-z_\-][A-Za-z0-9_\-]*\}|[^/\\?#%\{\}\x00-\x20\x7F]*))+$"#
    /// Not allowed in paths: an empty segment before the end, and segments of one or two dots.
    static let ambiguousPath = #"//|/\.\.?(/|$)"#

    static let routeName = #"^[^\x00-\x1F\x7F]+$"#

    /// Scheme, authority and optionally a path, of printable ASCII.
    static let publicURL = #"^https?://[!"$-.0->@-~]+(/[!"$->@-~]*)?$"#

    /// Approximately an address of either family, or a block of them.
    static let addressBlock = "^(\(ipv4)(/([0-9]|[12][0-9]|3[0-2]))?|\(ipv6)(/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))?)$"
    static let address = "^(\(ipv4)|\(ipv6))$"
    private static let ipv4 = #"[0-9]{1,3}(\.[0-9]{1,3}){3}"#
    private static let ipv6 = "[0-9A-Fa-f]{0,4}(:[0-9A-Fa-f]{0,4}){1,8}(:\(ipv4))?"

    /// A backslash is only allowed before `*`, `?` and itself.
    static let glob = #"^([^\\]|\\[*?\\])*$"#

    /// One set of characters with a length.
    static let idPattern = #"^\[[!-~]+\]\{[0-9]+(,[0-9]+)?\}$"#

    /// The name of a value of the user's account at the provider, in a preset.
    static let accountName = "^[a-z][a-z0-9_]*$"

    static let jqExpression = #"\S"#
    static let secret = #"\S"#
    static let printableASCII = "^[ -~]*$"

    /// Any of the words, in upper or lower case.
    static func anyCase(_ words: [String]) -> String {
        let patterns = words.map { word in
            word.map { $0.isLetter ? "[\($0.uppercased())\($0.lowercased())]" : String($0) }.joined()
        }
        return "^(\(patterns.joined(separator: "|")))$"
    }
}
