import DevQueue
import SluiceBase
import TestSupport

/// A queue that the conformance suite talks to, and names that nobody else uses.
struct ConformingQueue: Sendable {
    /// What there is besides where it is the development queue.
    struct Own: Sendable {
        let server: DevQueueServer
        let time: ManualTime
    }

    let address: QueueAddress
    let isLicensed: Bool
    let own: Own?
    /// A queue of this test alone.
    let queue = newName()
    /// A type of this test alone.
    let type = newName()

    static func newName() -> String { "conformance-" + String(UInt64.random(in: 0 ... .max), radix: 36) }

    /// The text with this test's own names in place of `QUEUE`, `TYPE` and `KEY`, and the media types that the queue
    /// understands in place of `SUPPORTED`.
    func named(_ text: String) -> String {
        let supported = own == nil ? #""application/json","application/msgpack""# : #""application/json""#
        return text.replacing("SUPPORTED", with: supported).replacing("QUEUE", with: queue).replacing(
            "TYPE", with: type
        ).replacing(
            "KEY", with: queue)
    }

    func connect() throws -> QueueConnection { try QueueConnection(address) }

    /// An answer's body, in which the words behind `invalid JSON: ` are a Zizq server's: the development queue has
    /// others.
    func serverText(_ answer: QueueAnswer, to request: QueueRequest) -> String {
        guard own != nil, answer.text.hasPrefix(#"{"error":"invalid JSON: "#), request.method == "POST" else {
            return answer.text
        }
        return ServerWords.refusal(of: request.body, path: request.target).map { String($0.dropFirst(4)) }
            ?? answer.text
    }

    /// One request on a connection of its own.
    @discardableResult
    func send(_ method: String, _ target: String, _ body: String = "", headers: [(String, String)] = []) throws
        -> QueueAnswer
    {
        let headers = headers.map { (name: $0.0, value: $0.1) }
        let request = QueueRequest(
            method: method, target: named(target), headers: headers, body: Array(named(body).utf8))
        return try connect().exchange(request)
    }

    /// Enqueues jobs of the given members in this test's queue.
    ///
    /// - Returns: their identifiers.
    func enqueue(_ members: [String], payload: String = "{}") throws -> [String] {
        let jobs = members.map {
            #"{"type":"TYPE","queue":"QUEUE","payload":\#(payload)\#($0.isEmpty ? "" : "," + $0)}"#
        }
        let answer = try send("POST", "/jobs/bulk", #"{"jobs":[\#(jobs.joined(separator: ","))]}"#)
        guard answer.status == 201 else { throw RawSocket.Failure(description: "not enqueued: \(answer.line)") }
        return answer.text.values(of: "id")
    }

    /// Milliseconds since the UNIX epoch, as the queue has them.
    var now: UInt64 { UInt64(own?.time.wallMilliseconds() ?? SystemTime().wallMilliseconds()) }

    /// Lets time pass: the clock of the development queue is moved, that of a Zizq server runs.
    func pass(_ duration: Duration) throws {
        guard let own else { return }
        // A loop notices a deadline up to a tick of its timers late.
        own.time.advance(by: duration + .milliseconds(50))
        // The queue looks at its clock when something happens.
        try send("GET", "/health")
    }

    /// Wipes everything.
    func reset() throws {
        _ = try enqueue(["", ""])
        let (reset, count) = (try send("POST", "/reset").line, try send("GET", "/jobs/count").text)
        guard reset == "204 ", count == #"{"count":0}"# else {
            throw RawSocket.Failure(description: "not wiped: \(reset), \(count)")
        }
    }

    /// How many of this test's jobs are in a state.
    func count(_ status: String) throws -> UInt64? {
        try send("GET", "/jobs/count?queue=QUEUE&status=\(status)").text.numbers(of: "count").first
    }

    /// Completes jobs that were taken.
    func succeed(_ ids: [String]) throws {
        let list = ids.map { #""\#($0)""# }.joined(separator: ",")
        let answer = try send("POST", "/jobs/success", #"{"ids":[\#(list)]}"#)
        guard answer.status == 204 else { throw RawSocket.Failure(description: "not completed: \(answer.line)") }
    }

    /// Takes and completes so many of this test's jobs, so that a server that is not the test's is left as it was.
    func drain(_ count: Int) throws {
        guard count > 0 else { return }
        let stream = try take("&prefetch=\(count)")
        for _ in 0..<count { try succeed(stream.job().values(of: "id")) }
    }

    /// Opens a stream of this test's jobs.
    func take(_ parameters: String = "", headers: [(String, String)] = []) throws -> QueueConnection {
        let connection = try connect()
        let headers = headers.map { (name: $0.0, value: $0.1) }
        let answer = try connection.exchange(
            QueueRequest(method: "GET", target: named("/jobs/take?queue=QUEUE\(parameters)"), headers: headers))
        guard answer.status == 200 else { throw RawSocket.Failure(description: "no stream: \(answer.line)") }
        return connection
    }
}

extension QueueConnection {
    /// The next job of a stream; skips heartbeats for up to half a minute.
    func job() throws -> String {
        for _ in 0..<10 {
            let line = try line()
            if !line.isEmpty { return line }
        }
        throw RawSocket.Failure(description: "no job came")
    }
}

extension String {
    /// The texts of all members of this name, wherever they are.
    func values(of name: String) -> [String] {
        split(separator: #""\#(name)":""#, omittingEmptySubsequences: false).dropFirst().map {
            String($0.prefix { $0 != "\"" })
        }
    }

    /// The numbers of all members of this name, wherever they are.
    func numbers(of name: String) -> [UInt64] {
        split(separator: #""\#(name)":"#, omittingEmptySubsequences: false).dropFirst().compactMap {
            UInt64($0.prefix(while: \.isNumber))
        }
    }
}
