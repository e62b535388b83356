import DevQueue
import SluiceBase
import SluiceHTTP
import Testing

/// A development queue, and how a test talks to it.
struct QueueUnderTest {
    let store: DevQueueStore
    let service: DevQueueService

    /// What scheduled jobs and retentions go by.
    let time = ManualTime()

    init(isLicensed: Bool = false, keeping: DevQueueConfiguration.KeptParts = .everything) {
        store = DevQueueStore(
            configuration: DevQueueConfiguration(isLicensed: isLicensed, keeping: keeping), time: time)
        service = DevQueueService(store: store)
    }

    func reply(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) -> DevQueueReply {
        var bytes: [UInt8] = []
        var fields: [HeaderField] = []
        for (name, value) in headers {
            let start = bytes.count
            bytes += Array("\(name): \(value)\r\n".utf8)
            let valueStart = start + name.utf8.count + 2
            fields.append(
                HeaderField(
                    name: start..<(start + name.utf8.count), value: valueStart..<(valueStart + value.utf8.count)))
        }
        let methodBytes = Array(method.utf8)
        let targetBytes = Array(target.utf8)
        let view = RequestView(
            method: methodBytes.span, target: targetBytes.span, headers: HeaderView(bytes: bytes.span, fields: fields),
            body: body.span, peer: PeerAddress(ipv4: (127, 0, 0, 1), port: 1))
        return service.respond(to: view)
    }

    /// The answer, where the reply is a plain one.
    func answer(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: String = ""
    ) throws -> HTTPResponse {
        guard case .answer(let answer) = reply(method, target, headers: headers, body: Array(body.utf8)) else {
            throw NoAnswer()
        }
        return answer
    }

    func bulk(_ jobs: [String]) throws -> HTTPResponse {
        try answer("POST", "/jobs/bulk", body: #"{"jobs":[\#(jobs.joined(separator: ","))]}"#)
    }

    /// What a Zizq server answers to a `POST`, status and body on one line. The development queue must answer the same,
    /// but for the words behind `invalid JSON: `, which are the oracle's.
    func serverLine(_ path: String, _ body: [UInt8]) throws -> String {
        guard case .answer(let answer) = reply("POST", path, body: body) else { throw NoAnswer() }
        guard let refusal = ServerWords.refusal(of: body, path: path) else {
            #expect(!answer.text.contains("invalid JSON"), "\(answer.line)")
            return answer.line
        }
        #expect(answer.line.hasPrefix(#"400 {"error":"invalid JSON: "#), "\(answer.line)")
        return refusal
    }

    func serverLine(_ path: String, _ body: String) throws -> String { try serverLine(path, Array(body.utf8)) }

    struct NoAnswer: Error {}
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
    /// Status and body on one line.
    var line: String { "\(status) \(text)" }
}

/// A job that any server accepts, with members in front of its payload.
func job(_ members: String = "", type: String = "t", queue: String = "q") -> String {
    #"{"type":"\#(type)","queue":"\#(queue)",\#(members.isEmpty ? "" : members + ",")"payload":{}}"#
}
