/// One YAML file, read strictly: its values with their positions, and everything in it that is a trap or no YAML.
package struct YAMLDocument: Sendable {
    /// The name the file goes by in messages.
    package let file: String
    /// `nil` for a file without a value (empty, or comments only) and for one that is no YAML.
    package let root: YAMLNode?
    /// In the order of the file. With `isBroken` the last one is what ended the reading.
    package let problems: [YAMLError]
    /// Whether reading stopped before the end: a syntax error, or a limit.
    package let isBroken: Bool
    /// How many scalars, lists and mappings were read, keys included.
    package let nodeCount: Int

    /// Reads a whole file in time and memory in proportion to its size, whatever is in it.
    ///
    /// Nothing is ever expanded or hashed that the file does not hold itself: an alias is a problem where it stands,
    /// not a copy.
    ///
    /// - Parameters:
    ///   - bytes: the file, UTF-8 with or without a byte-order mark, lines ended by LF or CRLF.
    ///   - file: the name for messages.
    ///   - allowsEmptyValues: whether a key, or the dash of a list, with nothing behind it is null, as in YAML; else it
    ///     is a problem.
    package static func parse(
        _ bytes: [UInt8], file: String, limits: YAMLLimits = YAMLLimits(), allowsEmptyValues: Bool = true
    ) -> YAMLDocument {
        guard bytes.count <= limits.bytes else {
            let problem = YAMLError(
                YAMLPosition(line: 1, column: 1), "the file has \(bytes.count) bytes; the limit is \(limits.bytes)")
            return YAMLDocument(file: file, root: nil, problems: [problem], isBroken: true, nodeCount: 0)
        }
        let source: YAMLSource
        switch YAMLSource.check(bytes) {
        case .success(let checked): source = checked
        case .failure(let problem):
            return YAMLDocument(file: file, root: nil, problems: [problem], isBroken: true, nodeCount: 0)
        }
        if let problem = source.mergeConflict {
            return YAMLDocument(file: file, root: nil, problems: [problem], isBroken: true, nodeCount: 0)
        }
        var composer = YAMLComposer(source: source, limits: limits, allowsEmptyValues: allowsEmptyValues)
        let root = composer.compose()
        return YAMLDocument(
            file: file, root: composer.isBroken ? nil : root, problems: composer.problems, isBroken: composer.isBroken,
            nodeCount: composer.nodeCount)
    }
}

/// Bounds on one document.
package struct YAMLLimits: Sendable {
    /// Size of the file; 1 MiB.
    package var bytes = 1 << 20
    /// Scalars, lists and mappings, keys included; 200,000.
    package var nodes = 200_000
    /// Lists and mappings inside one another; 64.
    package var depth = 64
    /// After so many problems reading stops; 100.
    package var problems = 100

    package init() {}
}

/// Something wrong at one place of a YAML file.
package struct YAMLError: Error, Sendable, Hashable {
    package let position: YAMLPosition
    /// What is wrong and what to do; one line.
    package let message: String
    /// Where the value is that is wrong, or missing: what a reader says about it would follow from this problem.
    package let value: YAMLPosition

    /// - Parameter value: nil for a value at `position`.
    package init(_ position: YAMLPosition, _ message: String, value: YAMLPosition? = nil) {
        self.position = position
        self.message = message
        self.value = value ?? position
    }
}
