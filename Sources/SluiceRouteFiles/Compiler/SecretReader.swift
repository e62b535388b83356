internal import SluiceBase
internal import SluiceCrypto
internal import SluiceRoutes
internal import SluiceYAML

/// Reads `secrets` and the variables and files that they name. No message contains a secret.
struct SecretReader {
    let context: FileContext
    let environment: [String: String]
    let files: SecretFiles
    let allowsInline: Bool
    let supply: SecretSupply

    /// A secret as found, before decoding.
    private struct Found {
        let text: [UInt8]
        let source: SecretSource
        /// Whether it is the text with which `sluice dev` replaces an unset variable, without the encoding of the
        /// scheme.
        var isWellKnown = false

        var isMadeUp: Bool { source == .throwAway || source.isStandIn }

        /// For messages: `the secret of env NAME`.
        var title: String { source == .inline ? "the secret" : "the secret of \(source)" }
    }

    /// In bytes: the minimum against guessing, and the recommended length (RFC 2104 §3 asks for the length of the
    /// digest).
    private static let leastLength = 8
    private static let recommendedLength = 16
    /// In bytes; the length of the strongest algorithm's digest.
    private static let throwAwayLength = 64

    /// - Parameters:
    ///   - schemes: the alternatives of the route.
    ///   - isWhole: whether these are all of them.
    /// - Returns: for each scheme its secrets; fewer than there are entries after recording problems.
    func read(_ node: YAMLNode, for schemes: [SignatureScheme], isWhole: Bool) -> [[VerifierSecret]] {
        guard let elements = context.list(node, "'secrets'") else { return schemes.map { _ in [] } }
        if elements.isEmpty { context.error(node.position, "'secrets' needs at least one secret") }
        var secrets: [[VerifierSecret]] = schemes.map { _ in [] }
        for element in elements {
            guard let found = found(element) else { continue }
            for (index, secret) in self.secrets(found, schemes, at: element.position) where isWhole {
                secrets[index].append(secret)
            }
        }
        return secrets
    }

    /// One secret, in the form for each scheme that it belongs to.
    private func secrets(
        _ found: Found, _ schemes: [SignatureScheme], at position: YAMLPosition
    ) -> [(index: Int, secret: VerifierSecret)] {
        let isForAll = found.isMadeUp || found.isWellKnown
        guard isForAll || !found.text.allSatisfy(ASCII.isWhiteSpace) else {
            context.error(position, "the secret is empty")
            return []
        }
        let positions =
            isForAll ? Array(schemes.indices) : SecretFormat.positions(of: found.text, in: schemes.map(\.secretFormat))
        return positions.compactMap { index in
            key(found, schemes[index], at: position).map {
                (index, VerifierSecret(key: $0, source: found.source, text: supply == .whereThere ? found.text : nil))
            }
        }
    }

    /// Placeholders for fetched keys, if none are fetched or other keys count as well.
    func standIns(_ scheme: SignatureScheme) -> [VerifierSecret] {
        if supply == .configured { return [] }
        let isFixed = if case .wellKnown = supply { true } else { false }
        let key = scheme.madeUpKey([]) { isFixed ? DevelopmentKeys.pair(for: $0) : DevelopmentKeys.throwAway($0) }
        return [VerifierSecret(key: key, source: supply == .whereThere ? .fetched : .throwAway)]
    }

    /// Placeholders for learnt secrets, for a route without others.
    func learntStandIns(_ scheme: SignatureScheme) -> [VerifierSecret] {
        let found: Found
        switch supply {
        case .configured: return []
        case .whereThere: found = madeUp(.standIn(.learnt))
        case .throwAway: found = throwAway()
        case .wellKnown(let key): found = Found(text: Array(key.utf8), source: .learnt, isWellKnown: true)
        }
        let position = YAMLPosition(line: 1, column: 1)
        return key(found, scheme, at: position).map {
            [VerifierSecret(key: $0, source: found.source)]
        } ?? []
    }

    /// - Returns: the decoded secrets; fewer than there are entries after recording problems.
    func keys(_ node: YAMLNode, _ subject: String, format: SecretFormat) -> [(key: [UInt8], source: SecretSource)] {
        guard let elements = context.list(node, subject) else { return [] }
        if elements.isEmpty { context.error(node.position, "\(subject) needs at least one secret") }
        return elements.compactMap { key($0, format: format) }
    }

    /// The decoded secret of one entry; `nil` after recording a problem.
    func key(_ element: YAMLNode, format: SecretFormat) -> (key: [UInt8], source: SecretSource)? {
        guard let found = found(element) else { return nil }
        return key(found, format, at: element.position).map { ($0, found.source) }
    }

    private func key(_ found: Found, _ format: SecretFormat, at position: YAMLPosition) -> [UInt8]? {
        if found.isMadeUp { return found.text }
        if found.isWellKnown { return format.key(Array(format.write(found.text).utf8)) ?? found.text }
        guard !found.text.allSatisfy(ASCII.isWhiteSpace) else {
            context.error(position, "the secret is empty")
            return nil
        }
        guard let key = format.key(found.text) else {
            context.error(
                position, "the secret is not valid \(format.encoding.rawValue), which 'key_encoding' requires")
            return nil
        }
        if let oddity = SecretMistake(format.withoutPrefix(found.text), format.encoding) {
            context.warning(position, "\(found.title) \(oddity.rawValue)")
        }
        return isLongEnough(format.transforms.isEmpty ? key : found.text, found, at: position) ? key : nil
    }

    /// The same reader without records of problems, for entries that were read before.
    var silent: SecretReader {
        SecretReader(
            context: FileContext(file: context.file, log: ProblemLog()), environment: environment, files: files,
            allowsInline: allowsInline, supply: supply)
    }

    /// The variables and files of the entries of `secrets`, whether they exist or not.
    static func sources(_ node: YAMLNode) -> [SecretSource] {
        (node.sequence ?? []).compactMap(source).filter { $0 != .inline }
    }

    /// The source of an entry; `nil` if it is not a secret.
    static func source(_ element: YAMLNode) -> SecretSource? {
        guard let entry = element.mapping?.first, let name = entry.value.scalar?.text else { return nil }
        return switch entry.key {
        case "env": .environment(name)
        case "file": .file(name)
        case "value": .inline
        default: nil
        }
    }

    /// The secret of an entry as text; `nil` if it does not exist or was generated.
    func text(_ element: YAMLNode) -> [UInt8]? {
        guard let found = found(element), !found.isMadeUp, !found.isWellKnown else { return nil }
        return found.text
    }

    private func key(_ found: Found, _ scheme: SignatureScheme, at position: YAMLPosition) -> VerifierKey? {
        if found.isMadeUp {
            return scheme.madeUpKey(Self.madeUpText(scheme, found.text)) { DevelopmentKeys.throwAway($0) }
        }
        let format = scheme.secretFormat
        if found.isWellKnown {
            let written = Array(format.write(found.text).utf8)
            let key = (try? scheme.bytes(written)) ?? found.text
            return scheme.madeUpKey(key) { DevelopmentKeys.pair(for: $0) }
        }
        let isPublic = scheme.usesPublicKey
        let oddity = isPublic ? nil : SecretMistake(format.withoutPrefix(found.text), format.encoding)
        let key: VerifierKey
        do throws(KeyError) { key = try scheme.key(found.text) } catch {
            context.error(position, "the secret \(error.phrase)\(oddity.map { ": it \($0.rawValue)" } ?? "")")
            return nil
        }
        if let oddity { context.warning(position, "\(found.title) \(oddity.rawValue)") }
        if scheme.algorithm == .basic, !found.text.contains(UInt8(ascii: ":")) {
            context.error(position, "the secret must be 'user:password' with 'alg: basic'")
            return nil
        }
        guard !isPublic else { return key }
        let bytes = (try? scheme.bytes(found.text)) ?? []
        let isDerived = format.transforms.contains { $0 != .nfkd }
        return isLongEnough(isDerived ? found.text : bytes, found, at: position) ? key : nil
    }

    /// A value that is sent in a request must be valid in a header.
    private static func madeUpText(_ scheme: SignatureScheme, _ bytes: [UInt8]) -> [UInt8] {
        guard scheme.algorithm.carriesSecret else { return bytes }
        return Array(((scheme.algorithm == .basic ? "user:" : "") + Hex.encode(bytes)).utf8)
    }

    private func isLongEnough(_ key: [UInt8], _ found: Found, at position: YAMLPosition) -> Bool {
        if found.isWellKnown || key.count >= Self.recommendedLength { return true }
        let length = "\(found.title) has \(TraceWords.bytes(key.count))"
        guard key.count >= Self.leastLength else {
            context.error(
                position,
                "\(length), and could be guessed: use at least \(Self.recommendedLength) bytes, such as the output of "
                    + "'openssl rand -hex 32'")
            return false
        }
        context.warning(position, "\(length); use at least \(Self.recommendedLength) bytes")
        return true
    }

    private func found(_ node: YAMLNode) -> Found? {
        guard let reader = MappingReader(node, RouteLanguage.secret, in: context) else { return nil }
        let entries = reader.entries
        guard entries.count == 1 else {
            context.error(node.position, "a secret needs exactly one of 'env', 'file' and 'value'")
            return nil
        }
        let position = entries[0].value.position
        switch entries[0].key {
        case "env": return reader.read(\.env).flatMap { environmentSecret($0, at: position) }
        case "file": return reader.read(\.file).flatMap { fileSecret($0, at: position) }
        case "value": return inlineSecret(reader, at: position)
        default: return nil
        }
    }

    private func environmentSecret(_ name: String, at position: YAMLPosition) -> Found? {
        if supply == .throwAway { return throwAway() }
        guard let value = environment[name], !value.isEmpty else {
            switch supply {
            case .whereThere: return madeUp(.standIn(.environment(name)))
            case .wellKnown(let key):
                return Found(text: Array(key.utf8), source: .environment(name), isWellKnown: true)
            case .configured, .throwAway: break
            }
            let state =
                (environment[name] == nil ? "not set" : "empty")
                + (name.hasPrefix("$") ? "; write its name without $" : "")
            context.error(position, "the environment variable \(PrintableText.escape(name)) is \(state)")
            return nil
        }
        return Found(text: Array(value.utf8), source: .environment(name))
    }

    private func fileSecret(_ path: String, at position: YAMLPosition) -> Found? {
        if supply == .throwAway { return throwAway() }
        switch files.content(of: path) {
        case .success(let content): return Found(text: Self.withoutFinalNewline(content), source: .file(path))
        case .failure where supply == .whereThere: return madeUp(.standIn(.file(path)))
        case .failure(let failure):
            context.error(position, "the secret file \(PrintableText.escape(path)) cannot be read: \(failure)")
            return nil
        }
    }

    private func inlineSecret(_ reader: MappingReader<SecretKeys>, at position: YAMLPosition) -> Found? {
        guard allowsInline else {
            context.error(position, "a secret in a route file needs --allow-inline-secrets; use 'env' or 'file'")
            return nil
        }
        guard let text = reader.read(\.value) else { return nil }
        return supply == .throwAway ? throwAway() : Found(text: Array(text.utf8), source: .inline)
    }

    private func throwAway() -> Found { madeUp(.throwAway) }

    private func madeUp(_ source: SecretSource) -> Found {
        Found(text: SecureRandom.bytes(Self.throwAwayLength), source: source)
    }

    /// Editors end a file with a newline that is not part of the secret.
    private static func withoutFinalNewline(_ content: [UInt8]) -> [UInt8] {
        guard content.last == ASCII.lineFeed else { return content }
        let text = content.dropLast()
        return Array(text.last == ASCII.carriageReturn ? text.dropLast() : text)
    }
}

/// A property of a secret that is probably a mistake; the raw value ends a sentence that starts with the secret.
enum SecretMistake: String {
    case whiteSpace = "begins or ends with white space; remove it, unless the sender's secret has it too"
    case byteOrderMark = "begins or ends with a byte-order mark; save the file without one"
    case quotes = "is in quotes; remove them, unless the sender's secret has them too"
    case quote = "begins or ends with a quote; remove it, unless the sender's secret has it too"
    case versionedPrefix =
        "begins with 'v1,whsec_': set 'key_strip_prefix' to that, or remove it from the secret"
    case prefix = "begins with 'whsec_': set 'key_strip_prefix' to that, or remove it from the secret"
    case base64URL = "looks like base64url; write + for -, and / for _"

    /// - Returns: `nil` for a secret without one.
    init?(_ secret: [UInt8], _ encoding: KeyEncoding) {
        if secret.starts(with: [0xFE, 0xFF]) || secret.starts(with: [0xFF, 0xFE]) {
            self = .byteOrderMark
            return
        }
        let text = String(decoding: secret, as: UTF8.self).unicodeScalars
        guard let first = text.first, let last = text.last else { return nil }
        if first == "\u{FEFF}" || last == "\u{FEFF}" {
            self = .byteOrderMark
        } else if Self.isInvisible(first) || Self.isInvisible(last) {
            self = .whiteSpace
        } else if text.count > 1, Self.quotePairs.contains(where: { $0 == (first, last) }) {
            self = .quotes
        } else if Self.quotePairs.contains(where: { [$0, $1].contains(first) || [$0, $1].contains(last) }) {
            self = .quote
        } else if secret.starts(with: "v1,whsec_".utf8) {
            self = .versionedPrefix
        } else if encoding == .base64, secret.starts(with: "whsec_".utf8) {
            self = .prefix
        } else if encoding == .base64, secret.contains(where: { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }) {
            self = .base64URL
        } else {
            return nil
        }
    }

    private static let quotePairs: [(Unicode.Scalar, Unicode.Scalar)] = [
        ("\"", "\""), ("'", "'"), ("`", "`"), ("\u{201C}", "\u{201D}"), ("\u{201E}", "\u{201C}"),
        ("\u{2018}", "\u{2019}"),
        ("\u{AB}", "\u{BB}"),
    ]

    /// White space and control characters, including those without a width.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || scalar.value < 0x20 || scalar.value == 0x7F
            || scalar.properties.generalCategory == .format
    }
}

/// What is shown of a secret, so that people can compare secrets without seeing them.
package struct SecretSummary: Sendable, Hashable, Codable {
    /// The key of the route: `secrets` or `handshake_secrets`.
    package var key: String
    /// `env NAME`, `file PATH` or `inline`.
    package var source: String
    /// The length of the secret as text, in bytes; `nil` if it was not read.
    package var bytes: Int?
    /// The first 8 hex digits of the SHA-256 of the secret as text; `nil` if it was not read.
    package var sha256: String?

    /// - Parameter text: the secret as read, before decoding: of a file without its final line break.
    package init(key: String, source: String, text: [UInt8]?) {
        self.key = key
        self.source = source
        bytes = text?.count
        sha256 = text.map { Self.digits($0) }
    }

    /// The first 8 hex digits of the SHA-256 of a secret.
    package static func digits(_ secret: [UInt8]) -> String {
        let digest = Hash.digest(.sha256, secret.span)
        return Hex.encode(digest.span.extracting(0..<4).array)
    }

    /// `env NAME, 32 bytes, SHA-256 1a2b3c4d`, safe to print.
    package var words: String {
        let source = PrintableText.escape(source)
        guard let bytes, let sha256 else { return "\(source), not read" }
        return "\(source), \(TraceWords.bytes(bytes)), SHA-256 \(sha256)"
    }
}

extension SecretReader {
    /// The summaries of a list of secrets. Records no problems.
    func summaries(_ node: YAMLNode?, key: String) -> [SecretSummary] {
        let silent = silent
        return (node?.sequence ?? []).compactMap { element in
            guard let source = Self.source(element) else { return nil }
            let text = supply == .throwAway ? nil : silent.text(element)
            return SecretSummary(key: key, source: source.description, text: text)
        }
    }
}
