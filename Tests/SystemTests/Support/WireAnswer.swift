internal import Foundation

/// One answer of the gateway, as it came over the wire.
struct WireAnswer: Sendable, CustomStringConvertible {
    let status: Int
    /// Names in lower case.
    let headers: [(name: String, value: String)]
    let body: [UInt8]
    /// The status line.
    let statusLine: String

    subscript(header name: String) -> String? { headers.first { $0.name == name }?.value }

    var text: String { String(decoding: body, as: UTF8.self) }

    var description: String { "\(statusLine) \(headers.map { "\($0.name): \($0.value)" }) \(text)" }

    /// A member of the JSON object in the body, as text.
    subscript(member name: String) -> String? {
        let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        return object?[name].map { "\($0)" }
    }

    /// The `code` of a problem document, nil where the body is none.
    var code: String? { self[header: "content-type"] == "application/problem+json" ? self[member: "code"] : nil }

    /// Takes the first answer out of `bytes`, if it is complete.
    static func take(from bytes: inout [UInt8], isToHead: Bool) -> WireAnswer? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        var lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let statusLine = lines.removeFirst()
        let status = statusLine.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let headers = lines.map { line in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            return (
                name: line[..<colon].lowercased(),
                value: line[colon...].dropFirst().trimmingCharacters(in: .whitespaces)
            )
        }
        let announced = headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
        let length = isToHead || status < 200 || status == 204 ? 0 : announced
        guard bytes.count >= end.upperBound + length else { return nil }
        let body = Array(bytes[end.upperBound..<(end.upperBound + length)])
        bytes.removeSubrange(..<(end.upperBound + length))
        return WireAnswer(status: status, headers: headers, body: body, statusLine: statusLine)
    }
}
