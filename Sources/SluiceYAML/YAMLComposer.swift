internal import SluiceBase

/// Builds the tree from events, and records what is not allowed in a file.
struct YAMLComposer {
    private let source: YAMLSource
    private let limits: YAMLLimits
    private let allowsEmptyValues: Bool
    private let events: YAMLEvents
    private(set) var problems: [YAMLError] = []
    /// Keys and dashes without a value; not reported for a truncated file.
    private var emptyValues: [YAMLError] = []
    private(set) var isBroken = false
    private(set) var nodeCount = 0

    init(source: YAMLSource, limits: YAMLLimits, allowsEmptyValues: Bool) {
        self.source = source
        self.limits = limits
        self.allowsEmptyValues = allowsEmptyValues
        events = YAMLEvents(source)
    }

    /// Returns the value of the first document; a second one is a problem.
    mutating func compose() -> YAMLNode? {
        do {
            let start = try events.next()
            guard case .documentStart(let hasDirective) = start.event else { return nil }
            if hasDirective { try note(start.position, "directives (%YAML, %TAG) are not allowed; remove the line") }
            let root = try node(from: try events.next(), depth: 0)
            let step = try events.next()
            if case .documentStart = step.event {
                try note(step.position, "a second document begins here; a file can contain only one")
                isBroken = true
            }
            if !emptyValues.isEmpty { problems = (problems + emptyValues).sorted { $0.position < $1.position } }
            return root
        } catch let error as YAMLSyntaxError {
            problems.append(YAMLError(error.position, message(for: error)))
        } catch let stop as YAMLError {
            problems.append(stop)
        } catch {
            preconditionFailure("only the two errors above are thrown: \(error)")
        }
        isBroken = true
        return nil
    }

    private mutating func node(from step: YAMLEvents.Step, depth: Int) throws -> YAMLNode {
        try count(step)
        try refuseAttachments(step)
        switch step.event {
        case .scalar(let scalar, let end):
            try checkForLostComment(scalar, at: step.position, end: end)
            return YAMLNode(position: step.position, content: .scalar(scalar))
        case .sequenceStart:
            return YAMLNode(
                position: step.position, content: .sequence(try sequence(depth: try deeper(depth, step.position))))
        case .mappingStart:
            return YAMLNode(
                position: step.position, content: .mapping(try mapping(depth: try deeper(depth, step.position))))
        case .alias:
            try note(step.position, "aliases (*name) are not allowed; put a text that begins with * in quotes")
            return YAMLNode(position: step.position, content: .scalar(YAMLScalar(text: "null", style: .plain)))
        case .documentStart, .end, .sequenceEnd, .mappingEnd:
            throw YAMLError(step.position, "a value is missing")
        }
    }

    private mutating func sequence(depth: Int) throws -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            let step = try events.next()
            if case .sequenceEnd = step.event { return elements }
            let element = try node(from: step, depth: depth)
            requireContent(element, "this list element is empty", at: element.position)
            elements.append(element)
        }
    }

    private mutating func mapping(depth: Int) throws -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var lines = [String: Int](minimumCapacity: 8)
        while true {
            let step = try events.next()
            if case .mappingEnd = step.event { return entries }
            let key = try key(from: step, depth: depth)
            let first = key.flatMap { lines[$0] }
            if let key, let first {
                try note(
                    step.position,
                    "duplicate key '\(PrintableText.escape(key))'; first used on line \(first)")
            }
            let value = try node(from: try events.next(), depth: depth)
            guard let key, first == nil else { continue }
            requireContent(value, "'\(PrintableText.escape(key))' has no value", at: step.position)
            lines[key] = step.position.line
            entries.append(YAMLEntry(key: key, position: step.position, value: value))
        }
    }

    /// Records a missing value: it is more probably a lost end of a line than an intended null.
    private mutating func requireContent(_ node: YAMLNode, _ what: @autoclosure () -> String, at position: YAMLPosition)
    {
        guard !allowsEmptyValues, let scalar = node.scalar, scalar.text.isEmpty else { return }
        // Quotes are intentional.
        if [.singleQuoted, .doubleQuoted].contains(scalar.style) { return }
        guard emptyValues.count < limits.problems else { return }
        emptyValues.append(
            YAMLError(
                position,
                "\(what()); write the word null, \"\" for an empty text, {} for an empty mapping, or remove it",
                value: node.position))
    }

    /// The text of a key; `nil` after recording why it is not one.
    private mutating func key(from step: YAMLEvents.Step, depth: Int) throws -> String? {
        guard case .scalar(let scalar, _) = step.event else {
            if case .alias = step.event {
            } else {
                try note(
                    step.position,
                    "a key must be a text, not a list or a mapping; put a reference inside { } in quotes")
            }
            _ = try node(from: step, depth: depth)
            return nil
        }
        try count(step)
        try refuseAttachments(step)
        if scalar.style == .plain, scalar.text == "<<" {
            try note(step.position, "merge keys (<<) are not allowed; write out the keys")
            return nil
        }
        if scalar.style == .plain, scalar.text.isEmpty {
            try note(step.position, "a key is missing before ':'")
            return nil
        }
        return scalar.text
    }
}

extension YAMLComposer {
    private mutating func note(_ position: YAMLPosition, _ message: String) throws {
        problems.append(YAMLError(position, message))
        if problems.count >= limits.problems {
            throw YAMLError(position, "too many problems; the rest of the file was not read")
        }
    }

    private mutating func count(_ step: YAMLEvents.Step) throws {
        nodeCount += 1
        if nodeCount > limits.nodes {
            throw YAMLError(step.position, "too many values: the limit is \(limits.nodes)")
        }
    }

    private func deeper(_ depth: Int, _ position: YAMLPosition) throws -> Int {
        guard depth < limits.depth else { throw YAMLError(position, Self.tooDeep(limits)) }
        return depth + 1
    }

    private static func tooDeep(_ limits: YAMLLimits) -> String {
        "nested too deeply: the limit is \(limits.depth) levels"
    }

    private mutating func refuseAttachments(_ step: YAMLEvents.Step) throws {
        if step.hasAnchor {
            try note(step.position, "anchors (&name) are not allowed; put a text that begins with & in quotes")
        }
        if step.hasTag {
            try note(step.position, "tags (!name) are not allowed; put a text that begins with ! in quotes")
        }
    }

    /// YAML would silently truncate `${body.a} #1` to `${body.a}`.
    private mutating func checkForLostComment(_ scalar: YAMLScalar, at start: YAMLPosition, end: YAMLPosition) throws {
        // Finding one byte is much faster than finding two.
        guard scalar.style == .plain, scalar.text.utf8.contains(UInt8(ascii: "$")),
            scalar.text.utf8.contains("${".utf8)
        else { return }
        let rest = source.restOfLine(from: end)
        let blank = rest.prefix { $0 == ASCII.space || $0 == ASCII.tab }
        guard !blank.isEmpty, rest.dropFirst(blank.count).first == UInt8(ascii: "#") else { return }
        try note(
            start,
            "' #' after a reference begins a comment in YAML; put the text in quotes, or the comment on its own "
                + "line"
        )
    }

    private func message(for error: YAMLSyntaxError) -> String {
        if source.restOfLine(from: error.position).first == ASCII.tab {
            return "tabs cannot be used for indentation in YAML; use spaces"
        }
        // The library reads ahead, and its own limit is far higher.
        if error.problem.hasPrefix("Maximum nesting level") { return Self.tooDeep(limits) }
        var message = error.problem
        if let context = error.context {
            message += " \(context)"
            if let start = error.contextPosition, start.line != error.position.line {
                message += " that begins on line \(start.line)"
            }
        }
        if let hint = source.hint(for: error) { message += "; \(hint)" }
        return "invalid YAML: \(message)"
    }
}
