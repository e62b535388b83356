/// One YAML file, parsed strictly: its values with their positions, and all traps and errors in it.
package struct YAMLDocument: Sendable {
    /// The name of the file in messages.
    package let file: String
    /// `nil` for a file without a value (empty, or only comments) and for a file that is not YAML.
    package let root: YAMLNode?
    /// In the order of the file. With `isBroken` the last one ended the parsing.
    package let problems: [YAMLError]
    /// Whether parsing stopped before the end: a syntax error, or a limit.
    package let isBroken: Bool
    /// The number of scalars, lists and mappings, including keys.
    package let nodeCount: Int

    /// Parses a whole file in time and memory proportional to its size, for any contents.
    ///
    /// Nothing is expanded or hashed: an alias is a problem at its position, not a copy.
    ///
    /// - Parameters:
    ///   - bytes: the file, UTF-8 with or without a byte-order mark, with LF or CRLF.
    ///   - file: the name for messages.
    ///   - allowsEmptyValues: whether a key or a dash of a list without a value is null, as in YAML; otherwise it is a
    ///     problem.
    package static func parse(
        _ bytes: [UInt8], file: String, limits: YAMLLimits = YAMLLimits(), allowsEmptyValues: Bool = true
    ) -> YAMLDocument {
        do throws(YAMLError) {
            guard bytes.count <= limits.bytes else {
                let message = "the file has \(bytes.count) bytes; the limit is \(limits.bytes)"
                throw YAMLError(YAMLPosition(line: 1, column: 1), message)
            }
            let source = try YAMLSource.check(bytes)
            if let conflict = source.mergeConflict { throw conflict }
            var composer = YAMLComposer(source: source, limits: limits, allowsEmptyValues: allowsEmptyValues)
            let root = composer.compose()
            return YAMLDocument(
                file: file, root: composer.isBroken ? nil : root, problems: composer.problems,
                isBroken: composer.isBroken, nodeCount: composer.nodeCount)
        } catch {
            return YAMLDocument(file: file, root: nil, problems: [error], isBroken: true, nodeCount: 0)
        }
    }
}

/// Limits for one document.
package struct YAMLLimits: Sendable {
    /// Size of the file; 1 MiB.
    package var bytes = 1 << 20
    /// Scalars, lists and mappings, including keys; 200,000.
    package var nodes = 200_000
    /// Nesting of lists and mappings; 64.
    package var depth = 64
    /// The number of problems after which parsing stops; 100.
    package var problems = 100

    package init() {}
}

/// A problem at a position of a YAML file.
package struct YAMLError: Error, Sendable, Hashable {
    package let position: YAMLPosition
    /// What is wrong and what to do; one line.
    package let message: String
    /// The position of the wrong or missing value: other errors about this value would be consequences.
    package let value: YAMLPosition

    /// - Parameter value: `nil` for a value at `position`.
    package init(_ position: YAMLPosition, _ message: String, value: YAMLPosition? = nil) {
        self.position = position
        self.message = message
        self.value = value ?? position
    }
}
