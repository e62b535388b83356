internal import SluiceBase

/// Kinds as Python data classes, which make themselves of the payload of a job and the payload of themselves. For Python 3.9 and later, with
/// nothing but the standard library.
struct PythonKinds {
    private var source = SourceText(indentation: 4)
    /// Of all types in the file.
    private var typeNames: Set<String>

    static func source(of kinds: [NamedKind]) -> String {
        var python = PythonKinds(typeNames: TypeName.ofLanguages.union(kinds.map(\.typeName)))
        for kind in kinds { python.declare(kind) }
        python.source.lines(["", "", "# The class of each kind's payloads, by the type of its jobs."])
        python.source.block("KINDS: Dict[str, Any] = {") { inside in
            for kind in kinds { inside.line("\(SourceLiteral.python(kind.name)): \(kind.typeName),") }
        }
        return python.head + python.source.text
    }

    private init(typeNames: Set<String>) { self.typeNames = typeNames }

    private var head: String {
        let names = ["Any", "ClassVar", "Dict", "List", "Optional"].filter { name in
            name == "Any" || source.text.contains("\(name)[")
        }
        return """
            # \(SourceText.header(.python))
            from __future__ import annotations

            from dataclasses import dataclass
            from typing import \(names.joined(separator: ", "))

            """
    }

    private mutating func declare(_ kind: NamedKind) {
        let doc = "The payload of jobs of \(kind.subject(quote: "'"))."
        let constants = constants(kind)
        guard let fields = kind.fields else { return declareWrapped(kind, doc, constants) }
        declare(kind.typeName, doc, constants: constants, fields)
    }

    private func constants(_ kind: NamedKind) -> [String] {
        var lines = [
            "NAME: ClassVar[str] = \(SourceLiteral.python(kind.name))",
            "QUEUE: ClassVar[str] = \(SourceLiteral.python(kind.constants.queue))",
        ]
        lines += kind.constants.members(quoting: SourceLiteral.python).map { name, json in
            let type = json.hasPrefix("{") ? "Dict[str, Any]" : json.hasPrefix("[") ? "List[Any]" : "int"
            return "\(name.uppercased()): ClassVar[\(type)] = \(json)"
        }
        if let scope = kind.constants.uniqueWhile { lines.append("UNIQUE_WHILE: ClassVar[str] = \"\(scope.rawValue)\"") }
        return lines
    }

    private mutating func declare(_ name: String, _ doc: String, constants: [String], _ fields: PayloadFields) {
        let named = NamedField.all(fields, identifier: PythonIdentifier.of) { field, _ in
            let type = TypeName.unique(name + TypeName.ofField(field, besides: []), besides: typeNames)
            typeNames.insert(type)
            return type
        }
        open(name, doc, constants) { source in
            // A field with a default stands behind those without.
            let ordered = named.filter { !$0.type.isOptional } + named.filter(\.type.isOptional)
            for field in ordered {
                source.line("\(field.identifier): \(Self.name(of: field.type, field.innerType))\(field.type.isOptional ? " = None" : "")")
            }
            if !ordered.isEmpty { source.line() }
            Self.reader(name, ordered, &source)
            source.line()
            Self.writer(named, &source)
        }
        for field in named {
            guard let inner = field.type.innerFields else { continue }
            declare(field.innerType, "What '\(PrintableText.escape(field.field.name))' of \(name) holds.", constants: [], inner)
        }
    }

    private mutating func declareWrapped(_ kind: NamedKind, _ doc: String, _ constants: [String]) {
        let inner = TypeName.unique(kind.typeName + "Element", besides: typeNames)
        let value = Self.name(of: kind.payload, inner)
        open(kind.typeName, doc, constants) { source in
            source.lines(["value: \(value)", "", "@classmethod"])
            source.block("def from_payload(cls, payload: Any) -> \(kind.typeName):", nil) { inside in
                inside.line("return cls(value=\(Self.read("payload", kind.payload, inner)))")
            }
            source.line()
            source.block("def to_payload(self) -> Any:", nil) { $0.line("return \(Self.write("self.value", kind.payload))") }
        }
        guard let fields = kind.payload.innerFields else { return }
        typeNames.insert(inner)
        declare(inner, "What the list that is \(kind.typeName) holds.", constants: [], fields)
    }

    private mutating func open(_ name: String, _ doc: String, _ constants: [String], _ inside: (inout SourceText) -> Void) {
        source.lines(["", "", "@dataclass"])
        source.block("class \(name):", nil) { source in
            source.line("\"\"\"\(doc.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"\"\"")
            source.line()
            source.lines(constants)
            if !constants.isEmpty { source.line() }
            inside(&source)
        }
    }

    private static func reader(_ name: String, _ fields: [NamedField], _ source: inout SourceText) {
        source.line("@classmethod")
        source.block("def from_payload(cls, payload: Any) -> \(name):", nil) { inside in
            guard !fields.isEmpty else { return inside.line("return cls()") }
            inside.block("return cls(", ")") { arguments in
                for field in fields {
                    let key = SourceLiteral.python(field.field.name)
                    let value = field.type.isOptional ? "payload.get(\(key))" : "payload[\(key)]"
                    arguments.line("\(field.identifier)=\(read(value, field.type, field.innerType)),")
                }
            }
        }
    }

    private static func writer(_ fields: [NamedField], _ source: inout SourceText) {
        source.block("def to_payload(self) -> Dict[str, Any]:", nil) { inside in
            inside.line("payload: Dict[str, Any] = {}")
            for field in fields {
                let value = "self.\(field.identifier)"
                let line = "payload[\(SourceLiteral.python(field.field.name))] = \(write(value, field.type.required))"
                if field.type.isOptional { inside.block("if \(value) is not None:", nil) { $0.line(line) } } else { inside.line(line) }
            }
            inside.line("return payload")
        }
    }

    /// An expression for what a value of the payload is in the class.
    private static func read(_ value: String, _ type: PayloadType, _ inner: String, depth: Int = 1) -> String {
        converted(value, type, depth) { "\(inner).from_payload(\($0))" }
    }

    /// The other way.
    private static func write(_ value: String, _ type: PayloadType) -> String { converted(value, type, 1) { "\($0).to_payload()" } }

    private static func converted(_ value: String, _ type: PayloadType, _ depth: Int, _ object: (String) -> String) -> String {
        guard type.innerFields != nil else { return value }
        let converted: String
        if case .list(let element) = type.shape {
            let item = depth == 1 ? "item" : "item\(depth)"
            converted = "[\(self.converted(item, element, depth + 1, object)) for \(item) in \(value)]"
        } else {
            converted = object(value)
        }
        return type.isOptional ? "None if \(value) is None else \(converted)" : converted
    }

    private static func name(of type: PayloadType, _ inner: String) -> String {
        let name =
            switch type.shape {
            case .string: "str"
            case .integer: "int"
            case .number: "float"
            case .boolean: "bool"
            case .object: "Dict[str, Any]"
            case .array: "List[Any]"
            case .any: "Any"
            case .list(let element): "List[\(self.name(of: element, inner))]"
            case .fields: inner
            }
        return type.isOptional ? "Optional[\(name)]" : name
    }
}

/// Names of attributes in Python.
enum PythonIdentifier {
    /// Keywords, and what the classes use by name.
    private static let taken: Set = [
        "Any", "BACKOFF", "BATCH", "BUDGETS", "ClassVar", "Dict", "False", "KINDS", "List", "NAME", "None", "Optional", "PRIORITY", "QUEUE",
        "RETENTION",
        "RETRY_LIMIT", "True", "UNIQUE_WHILE", "and", "as", "assert", "async", "await", "bool", "break", "class", "classmethod", "cls",
        "continue", "dataclass", "def", "del", "elif", "else", "except", "finally", "float", "for", "from", "from_payload", "global", "if",
        "import", "in", "int", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "self", "str", "to_payload", "try",
        "while", "with", "yield",
    ]

    /// `fullName` stays, `my-field` is `my_field`, `2fast` is `_2fast`, `class` is `class_`. Two underscores at the start would make a name
    /// private to its class.
    static func of(_ name: String) -> String {
        var identifier = name
        if !IdentifierText.isIdentifier(name) || name.hasPrefix("__") || name == "_" {
            identifier = IdentifierText.words(name).joined(separator: "_")
            if identifier.isEmpty { identifier = "field" }
            if !IdentifierText.isIdentifier(identifier) { identifier = "_" + identifier }
        }
        return taken.contains(identifier) ? identifier + "_" : identifier
    }
}
