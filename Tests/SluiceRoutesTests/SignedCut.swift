import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// A text that is signed, as a list of its parts, and ways to cut one such text into the values of a request.
struct SignedCut {
    enum Part: Hashable {
        case literal(String)
        /// `body`, `timestamp`, `id`, `header.X-More`, `query.q`, `method` or `url`.
        case value(String)
    }

    typealias Values = [String: String]

    let parts: [Part]

    /// Reads `v0:${timestamp}:${body}`.
    init(_ template: String) {
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

    func text(_ values: Values) -> String {
        parts.reduce("") { text, part in
            switch part {
            case .literal(let literal): text + literal
            case .value(let name): text + values[name, default: ""]
            }
        }
    }

    /// Cuts a text at random: each value ends before some occurrence of what follows it.
    ///
    /// - Returns: `nil` where the choices came to nothing.
    func values(of text: String, _ random: inout SeededRandom) -> Values? {
        var rest = Array(text.utf8)[...]
        var values: Values = [:]
        for (index, part) in parts.enumerated() {
            switch part {
            case .literal(let literal):
                guard rest.starts(with: literal.utf8) else { return nil }
                rest = rest.dropFirst(literal.utf8.count)
            case .value(let name):
                let ends = ends(of: rest, before: index + 1 < parts.count ? parts[index + 1] : nil)
                guard let end = ends.randomElement(using: &random) else { return nil }
                let value = String(decoding: rest[..<end], as: UTF8.self)
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

    /// A request with these values, `nil` if a header or HTTP cannot contain a value.
    func request(_ values: Values, signature: (name: String, value: String)) -> TestRequest? {
        var headers = [signature]
        for (name, header) in [("id", "X-Id"), ("timestamp", "X-Time"), ("header.X-More", "X-More")] {
            guard let value = values[name] else { continue }
            guard value.utf8.allSatisfy({ 0x20...0x7E ~= $0 }), value.first != " ", value.last != " " else {
                return nil
            }
            headers.append((header, value))
        }
        guard let target = target(values) else { return nil }
        var request = TestRequest(values["body"] ?? "", target: target, headers: headers)
        if let method = values["method"] {
            guard Self.methods.contains(method) else { return nil }
            request.method = method
        }
        return request
    }

    /// Those of the route.
    static let methods = ["POST", "PUT"]

    /// - Returns: `nil` for a URL that is not the route's.
    private func target(_ values: Values) -> String? {
        guard let url = values["url"] else {
            return "/hook" + (values["query.q"].map { "?q=" + $0.utf8.map { "%" + Hex.encode([$0]) }.joined() } ?? "")
        }
        guard url.hasPrefix("https://example.com/hook"), url.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else { return nil }
        let target = url.dropFirst("https://example.com".count)
        return target == "/hook" || target.hasPrefix("/hook?") ? String(target) : nil
    }
}
