package import SluiceBase
internal import SluiceJSON

/// A request to be signed, for an example.
package struct RequestToSign: Sendable {
    /// One header line.
    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var method: String
    /// Path and query.
    package var target: String
    package var headers: [Header]
    package var body: [UInt8]

    package init(method: String = "POST", target: String, headers: [Header] = [], body: [UInt8]) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// Whether a header exists, with its name in any case.
    func holds(_ name: HeaderName) -> Bool { headers.contains { HeaderName($0.name) == name } }

    /// Provides the request as a `RequestView`, valid during the call.
    ///
    /// - Parameter peer: the sender.
    package func withView<Result, Failure: Error>(
        from peer: PeerAddress = .unknown, _ read: (borrowing RequestView) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var bytes: [UInt8] = []
        var fields: [HeaderField] = []
        for header in headers {
            let start = bytes.count
            bytes += Array(header.name.utf8)
            let middle = bytes.count
            bytes += Array(header.value.utf8)
            fields.append(HeaderField(name: start..<middle, value: middle..<bytes.count))
        }
        let (method, target) = (Array(method.utf8), Array(target.utf8))
        return try read(
            RequestView(
                method: method.span, target: target.span, headers: HeaderView(bytes: bytes.span, fields: fields),
                body: body.span,
                peer: peer))
    }
}

/// The reason why a scheme cannot sign a request, or a route cannot use a secret; a sentence for the author of the
/// example.
package struct SigningError: Error, Sendable, Hashable {
    package let message: String

    package init(message: String) { self.message = message }
}

/// Setting values in requests to sign.
extension RequestToSign {
    /// Sets a parameter of the query, replacing any with the same name.
    mutating func setQueryParameter(_ name: String, _ value: String) {
        let mark = target.firstIndex(of: "?") ?? target.endIndex
        let query = Self.setting(name, value, in: String(target[mark...].dropFirst()))
        target = target[..<mark] + "?" + query
    }

    /// Sets a field of the body, and creates the objects around it.
    ///
    /// - Returns: whether it was set: possible in JSON, in a URL-encoded form, and in JSON in the field of a form.
    mutating func setField(_ value: String, at path: ArraySlice<JSONPath.Step>, read reader: BodyReader) -> Bool {
        setField(.text(value), at: path, read: reader)
    }

    /// The same with a value of any type; a form gets its text.
    mutating func setField(_ value: JSONTree, at path: ArraySlice<JSONPath.Step>, read reader: BodyReader) -> Bool {
        let reading = withView { reader.read($0) }
        switch reading {
        case .asReceived:
            guard let json = Self.setting(value, at: path, in: body) else { return false }
            body = json
        case .untyped:
            guard case .key(let name)? = path.first, path.count == 1 else { return false }
            return setFormField(name, value.string ?? value.json)
        case .json(let document):
            guard let json = Self.setting(value, at: path, in: document) else { return false }
            return replaceDocument(document, by: json, inField: reader.jsonField)
        case .unreadable: return false
        }
        return true
    }

    private static func setting(
        _ value: JSONTree, at path: ArraySlice<JSONPath.Step>, in json: [UInt8]
    ) -> [UInt8]? {
        JSONTree(json)?.setting(value, at: path).map { Array($0.json.utf8) }
    }

    /// Sets a field of a URL-encoded form; multipart forms cannot be changed here.
    private mutating func setFormField(_ name: String, _ value: String) -> Bool {
        let form = String(decoding: body, as: UTF8.self)
        guard !form.hasPrefix("--") else { return false }
        body = Array(Self.setting(name, value, in: form).utf8)
        return true
    }

    /// Replaces the document in the body. In a multipart form it is literal.
    private mutating func replaceDocument(_ document: [UInt8], by other: [UInt8], inField field: String?) -> Bool {
        if let start = body.firstIndex(of: document) {
            body.replaceSubrange(start..<(start + document.count), with: other)
            return true
        }
        return field.map { setFormField($0, String(decoding: other, as: UTF8.self)) } ?? false
    }

    /// URL-encoded pairs with one more, which replaces those with its name.
    private static func setting(_ name: String, _ value: String, in pairs: String) -> String {
        let others = pairs.split(separator: "&").filter { pair in
            let encoded = Array(pair.utf8.prefix { $0 != UInt8(ascii: "=") })
            return PercentDecoding.formDecode(encoded.span) != Array(name.utf8)
        }
        let pair = "\(PercentEncoding.component(name))=\(PercentEncoding.component(value))"
        return (others.map(String.init) + [pair]).joined(separator: "&")
    }
}

extension [UInt8] {
    fileprivate func firstIndex(of part: [UInt8]) -> Int? {
        guard !part.isEmpty, part.count <= count else { return nil }
        return (0...(count - part.count)).first { self[$0...].starts(with: part) }
    }
}

extension JSONTree {
    /// The tree with another value at a path; `nil` if the path contains a missing value that is not a member of an
    /// object.
    fileprivate func setting(_ value: JSONTree, at path: ArraySlice<JSONPath.Step>) -> JSONTree? {
        guard let step = path.first else { return value }
        let rest = path.dropFirst()
        switch (self, step) {
        // It is still empty.
        case (.object(let members), .index(0)) where members.isEmpty:
            return JSONTree.object([]).setting(value, at: rest).map { .array([$0]) }
        case (.object(let members), .key(let key)):
            guard let inner = (self[key] ?? .object([])).setting(value, at: rest) else { return nil }
            let member = Member(key: key, value: inner)
            guard let index = members.lastIndex(where: { $0.key == key }) else { return .object(members + [member]) }
            return .object(members[..<index] + [member] + members[(index + 1)...])
        case (.array(let elements), .index(let index)) where elements.indices.contains(index):
            guard let inner = elements[index].setting(value, at: rest) else { return nil }
            return .array(elements[..<index] + [inner] + elements[(index + 1)...])
        default: return nil
        }
    }
}
