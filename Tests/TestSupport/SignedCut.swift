internal import SluiceBase
internal import SluiceJSON

/// A text that is signed, as a list of its parts, and ways to cut one such text into the values of a request.
package struct SignedCut: Sendable {
    /// A part of the text.
    package enum Part: Hashable, Sendable {
        case literal(String)
        /// `body`, `base64.body`, `body.NAME`, `timestamp`, `id`, `header.NAME`, `query.q`, `method` or `url`.
        case value(String)
    }

    /// By the name of the part.
    package typealias Values = [String: [UInt8]]

    package let parts: [Part]

    /// Reads `v0:${timestamp}:${body}`.
    package init(_ template: String) {
        var parts: [Part] = []
        for (index, piece) in template.split(separator: "${", omittingEmptySubsequences: false).enumerated() {
            let halves =
                index == 0 ? [piece] : piece.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
            if index > 0 { parts.append(.value(String(halves[0]))) }
            if let literal = halves.last, !literal.isEmpty, index == 0 || halves.count > 1 {
                parts.append(.literal(String(literal)))
            }
        }
        self.parts = parts
    }

    /// The signed text of a request with these values.
    package func text(_ values: Values) -> [UInt8] {
        parts.reduce(into: []) { text, part in
            switch part {
            case .literal(let literal): text += Array(literal.utf8)
            case .value(let name): text += values[name, default: []]
            }
        }
    }

    /// Cuts a text: each value ends before some occurrence of what follows it.
    ///
    /// - Parameter choose: chooses one of so many occurrences, by its number from 0.
    /// - Returns: `nil` where the choices lead to nothing.
    package func values(of text: [UInt8], choose: (Int) -> Int) -> Values? {
        var rest = text[...]
        var values: Values = [:]
        for (index, part) in parts.enumerated() {
            switch part {
            case .literal(let literal):
                guard rest.starts(with: literal.utf8) else { return nil }
                rest = rest.dropFirst(literal.utf8.count)
            case .value(let name):
                let ends = ends(of: rest, before: index + 1 < parts.count ? parts[index + 1] : nil)
                guard !ends.isEmpty else { return nil }
                let end = ends[choose(ends.count)]
                let value = Array(rest[..<end])
                if let other = values[name], other != value { return nil }
                values[name] = value
                rest = rest[end...]
            }
        }
        return rest.isEmpty ? values : nil
    }

    private func ends(of rest: ArraySlice<UInt8>, before next: Part?) -> [Int] {
        switch next {
        case nil: [rest.endIndex]
        case .value: Array(rest.startIndex...rest.endIndex)
        case .literal(let literal): (rest.startIndex...rest.endIndex).filter { rest[$0...].starts(with: literal.utf8) }
        }
    }
}

/// A request that contains the values of a signed text, for the path `/hook` of `https://example.com`.
package struct CutRequest {
    package var method = "POST"
    package var target = "/hook"
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8] = []

    /// The methods of the route.
    package static let methods = ["POST", "PUT"]

    /// - Returns: `nil` if a header or HTTP cannot contain a value.
    package init?(_ values: SignedCut.Values, signature: (name: String, value: String)) {
        headers = [signature]
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard add(name, value) else { return nil }
        }
    }

    private mutating func add(_ name: String, _ value: [UInt8]) -> Bool {
        switch name {
        case "id": return addHeader("X-Id", value)
        case "timestamp": return addHeader("X-Time", value)
        case "method":
            method = String(decoding: value, as: UTF8.self)
            return Self.methods.contains(method)
        case "url": return setTarget(value)
        case "query.q":
            target = "/hook?q=" + value.map { "%" + Hex.encode([$0]) }.joined()
            return true
        case "body":
            body = value
            return true
        case "base64.body":
            guard let decoded = Base64.decode(value.span) else { return false }
            body = decoded
            return Base64.encode(decoded).utf8.elementsEqual(value)
        case _ where name.hasPrefix("body."):
            guard let text = String(validating: value, as: UTF8.self) else { return false }
            body = Array("{\"\(name.dropFirst(5))\":".utf8)
            body.appendJSONString(Array(text.utf8).span)
            body.append(UInt8(ascii: "}"))
            return true
        case _ where name.hasPrefix("header."): return addHeader(String(name.dropFirst(7)), value)
        default: return false
        }
    }

    /// - Returns: whether a header can contain it.
    package mutating func addHeader(_ name: String, _ value: [UInt8]) -> Bool {
        guard value.allSatisfy({ 0x20...0x7E ~= $0 }), value.first != 0x20, value.last != 0x20 else { return false }
        headers.append((name, String(decoding: value, as: UTF8.self)))
        return true
    }

    /// - Returns: whether it is a URL of the route.
    private mutating func setTarget(_ url: [UInt8]) -> Bool {
        let host = "https://example.com"
        guard url.starts(with: "\(host)/hook".utf8), url.allSatisfy({ 0x21...0x7E ~= $0 }) else { return false }
        target = String(decoding: url.dropFirst(host.utf8.count), as: UTF8.self)
        return target == "/hook" || target.hasPrefix("/hook?")
    }

    /// The same request with headers that no signature covers.
    ///
    /// - Parameter choose: chooses one of so many.
    package func changed(choose: (Int) -> Int) -> CutRequest {
        var request = self
        for (name, values) in [("Content-Type", Self.contentTypes), ("Content-Encoding", Self.contentCodings)]
        where !headers.contains(where: { $0.name == name }) {
            if let value = values[choose(values.count)] { request.headers.append((name, value)) }
        }
        return request
    }

    private static let contentTypes = [
        nil, "application/json", "application/json; charset=utf-16le", "text/plain", "text/plain; charset=latin1",
        "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/octet-stream", "x",
    ]
    private static let contentCodings = [nil, nil, "gzip", "identity"]
}
