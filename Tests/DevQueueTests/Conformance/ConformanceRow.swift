import Testing

/// One request of the table of what a server answers, and what must come back.
struct ConformanceRow: Sendable, CustomTestStringConvertible {
    /// Whether the server must have a licence.
    enum Licence: Sendable { case any, with, without }

    /// The table's section.
    let section: Int
    let request: QueueRequest
    let status: Int
    /// The body, nil where it does not matter.
    let body: AnswerPattern?
    let licence: Licence
    /// Whether it is for a queue that the test has started alone.
    var isForOwnAlone = false

    /// - Parameters:
    ///   - method: and target, in one text.
    ///   - sent: the body; `QUEUE`, `TYPE` and `KEY` stand for names of the test's own.
    ///   - expected: status and body, in one text.
    init(
        _ section: Int, _ method: String, sent: String = "", headers: [(name: String, value: String)] = [],
        licence: Licence = .any,
        _ expected: String
    ) {
        self.init(section, method, bytes: Array(sent.utf8), headers: headers, licence: licence, expected)
    }

    init(
        _ section: Int, _ method: String, bytes: [UInt8], headers: [(name: String, value: String)] = [],
        licence: Licence = .any,
        _ expected: String
    ) {
        self.section = section
        let parts = method.split(separator: " ").map(String.init)
        request = QueueRequest(method: parts[0], target: parts[1], headers: headers, body: bytes)
        status = Int(expected.prefix(3)) ?? 0
        body = expected.count > 3 ? AnswerPattern(String(expected.dropFirst(4))) : nil
        self.licence = licence
    }

    var testDescription: String {
        "\(section): \(request.method) \(request.target) \(String(decoding: request.body.prefix(100), as: UTF8.self))"
    }

    func appliesTo(_ queue: ConformingQueue) -> Bool {
        switch licence {
        case .any: true
        case .with: queue.isLicensed
        case .without: !queue.isLicensed
        }
    }

    /// The request with the test's own names.
    func request(to queue: ConformingQueue) -> QueueRequest {
        guard let text = String(validating: request.body, as: UTF8.self) else { return request }
        var request = request
        request.target = queue.named(request.target)
        request.body = Array(queue.named(text).utf8)
        return request
    }
}
