internal import CSluiceYAML

/// libyaml's event parser with Swift values: the only code of this module that calls C.
///
/// Events instead of a tree, because a tree has resolved aliases and dropped repeated keys before limits apply.
/// `@safe`: no pointer leaves it. Not thread-safe; create, use and release it in one call.
@safe final class YAMLEvents {
    /// One step of the document.
    enum Event {
        case documentStart(hasDirective: Bool)
        case end
        case alias
        case scalar(YAMLScalar, end: YAMLPosition)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    /// An event with its attributes.
    struct Step {
        let event: Event
        let position: YAMLPosition
        var hasAnchor = false
        var hasTag = false
    }

    private let source: YAMLSource
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ source: YAMLSource) {
        self.source = source
        // The parser keeps pointers to its own fields and to the input, so both have fixed addresses until `deinit`.
        unsafe parser = .allocate(capacity: 1)
        unsafe input = .allocate(capacity: source.bytes.count)
        _ = unsafe input.initialize(from: source.bytes)
        // Fails only without memory, which cannot be handled here.
        let ready = unsafe yaml_parser_initialize(parser)
        precondition(ready == 1, "libyaml could not allocate its parser")
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        // Both were allocated in `init` and are not used by anything else.
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// Returns the next event; must not be called after `end` or an error.
    func next() throws(YAMLSyntaxError) -> Step {
        while true {
            // `yaml_parser_parse` fills the event; its memory is freed before the next round.
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
            defer { unsafe yaml_event_delete(&event) }
            if let step = unsafe step(event) { return step }
        }
    }

    /// Converts the C event to Swift values; `nil` for events without contents (start of the stream, end of a
    /// document).
    private func step(_ event: yaml_event_t) -> Step? {
        // The union's member is the one that `type` names.
        let position = unsafe self.position(of: event.start_mark)
        switch unsafe event.type {
        case YAML_DOCUMENT_START_EVENT:
            let start = unsafe event.data.document_start
            let hasDirective =
                unsafe start.version_directive != nil || start.tag_directives.start != start.tag_directives.end
            return Step(event: .documentStart(hasDirective: hasDirective), position: position)
        case YAML_STREAM_END_EVENT: return Step(event: .end, position: position)
        case YAML_ALIAS_EVENT: return Step(event: .alias, position: position)
        case YAML_SEQUENCE_END_EVENT: return Step(event: .sequenceEnd, position: position)
        case YAML_MAPPING_END_EVENT: return Step(event: .mappingEnd, position: position)
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return unsafe Step(
                event: .sequenceStart, position: position, hasAnchor: start.anchor != nil, hasTag: start.tag != nil)
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return unsafe Step(
                event: .mappingStart, position: position, hasAnchor: start.anchor != nil, hasTag: start.tag != nil)
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            // `value` has `length` bytes of UTF-8 and is valid until the event is deleted.
            let text = unsafe String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let value = unsafe YAMLScalar(text: text, style: Self.style(scalar.style))
            let end = unsafe self.position(of: event.end_mark)
            return unsafe Step(
                event: .scalar(value, end: end), position: position, hasAnchor: scalar.anchor != nil,
                hasTag: scalar.tag != nil)
        default: return nil
        }
    }

    private func position(of mark: yaml_mark_t) -> YAMLPosition {
        source.inside(YAMLPosition(line: mark.line + 1, column: mark.column + 1))
    }

    private static func style(_ style: yaml_scalar_style_t) -> YAMLScalar.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    private func syntaxError() -> YAMLSyntaxError {
        // `problem` and `context` are static texts of the library, or null.
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
        let context = unsafe parser.pointee.context.map { unsafe String(cString: $0) }
        return unsafe YAMLSyntaxError(
            position: position(of: parser.pointee.problem_mark), problem: problem ?? "it cannot be parsed",
            context: context,
            contextPosition: context == nil ? nil : position(of: parser.pointee.context_mark))
    }
}

/// Where and why libyaml stopped.
struct YAMLSyntaxError: Error {
    let position: YAMLPosition
    let problem: String
    let context: String?
    let contextPosition: YAMLPosition?
}
