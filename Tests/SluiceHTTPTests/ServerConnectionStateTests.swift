import SluiceBase
import SluiceHTTP
import Testing

@Suite struct ServerConnectionStateTests {
    static let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
    private static func post(_ path: String, _ body: String, _ lines: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: h\r\n\(lines)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
    static let chunked = "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test("a request goes head, body, work, answer; then the connection waits for the next")
    func oneRequest() {
        var connection = ScriptedConnection()
        #expect(connection.state.isIdle)
        #expect(connection.receive("POST /a HTTP/1.1\r\nHost: h\r\n") == "read")
        #expect(!connection.state.isIdle)
        #expect(connection.receive("Content-Length: 4\r\n\r\n") == "admit /a")
        #expect(connection.admit() == "read")
        #expect(connection.receive("ab") == "read")
        #expect(connection.receive("cd") == "work [abcd]")
        #expect(connection.answer() == .keepAlive)
        #expect(connection.written() == "read")
        #expect(connection.buffer.isEmpty)
        #expect(connection.state.isIdle)
        #expect(connection.receive(Self.get) == "admit /a")
        #expect(connection.admit() == "work []")
    }

    @Test("pipelined requests are not read before the answer is written, and then answered in order")
    func pipelining() {
        var connection = ScriptedConnection()
        #expect(connection.receive(Self.post("/1", "one") + Self.post("/2", "two") + "BAD\n") == "admit /1")
        #expect(connection.admit() == "work [one]")
        #expect(connection.receive("more") == "wait")
        #expect(connection.answer() == .keepAlive)
        #expect(connection.receive("more") == "wait")
        #expect(connection.written() == "admit /2")
        #expect(connection.admit() == "work [two]")
        #expect(connection.answer() == .keepAlive)
        #expect(connection.written() == "refuse malformed_request")
        #expect(connection.state.fault == .bareLineFeed)
    }

    @Test("a request that the service has read leaves the buffer before its answer, and pipelined bytes stay")
    func readRequest() {
        var connection = ScriptedConnection()
        #expect(connection.receive(Self.post("/1", "one") + Self.post("/2", "two")) == "admit /1")
        #expect(connection.admit() == "work [one]")
        connection.state.requestRead(&connection.buffer)
        #expect(connection.buffer == Array(Self.post("/2", "two").utf8))
        #expect(connection.state.bodyLength == 0)
        connection.state.requestRead(&connection.buffer)
        #expect(connection.answer() == .keepAlive)
        #expect(connection.written() == "admit /2")
        #expect(connection.admit() == "work [two]")
        #expect(connection.peerClosed() == "detach")
        connection.state.requestRead(&connection.buffer)
        #expect(connection.buffer.isEmpty)
        #expect(connection.answer() == nil)
    }

    @Test("a buffer doubles up to the end of its request, and from 1 MiB on has space for all of it")
    func bufferCapacity() {
        let mebibyte = 1 << 20
        var connection = ScriptedConnection()
        #expect(connection.state.bufferCapacity(for: 70_000, current: 65_536) == 131_072)
        let head = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: \(20 * mebibyte)\r\n\r\n"
        #expect(connection.receive(head) == "admit /a")
        #expect(connection.admit(20 * mebibyte) == "read")
        let end = head.utf8.count + 20 * mebibyte
        #expect(connection.state.bufferCapacity(for: 70_000, current: 65_536) == 131_072)
        #expect(connection.state.bufferCapacity(for: mebibyte, current: 600_000) == end)
        #expect(connection.state.bufferCapacity(for: end + 5, current: end) == end + 5)

        var small = ScriptedConnection()
        #expect(small.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 99000\r\n\r\n") == "admit /a")
        #expect(small.admit(mebibyte) == "read")
        #expect(small.state.bufferCapacity(for: 70_000, current: 65_536) < 99_100)

        var chunks = ScriptedConnection()
        #expect(chunks.receive(Self.chunked) == "admit /c")
        #expect(chunks.admit(20 * mebibyte) == "read")
        #expect(chunks.state.bufferCapacity(for: 70_000, current: 65_536) == 131_072)
        let whole = Self.chunked.utf8.count + 20 * mebibyte
        #expect(chunks.state.bufferCapacity(for: mebibyte, current: 600_000) == whole)
    }

    @Test("a large request that another thread still reads is not copied when its answer is written")
    func sharedRequest() {
        var connection = ScriptedConnection()
        let body = String(repeating: "x", count: 100_000)
        #expect(connection.receive(Self.post("/1", body) + Self.get) == "admit /1")
        #expect(connection.admit(100_000) == "work [\(body)]")
        let read = connection.buffer
        #expect(connection.answer() == .keepAlive)
        #expect(connection.written() == "admit /a")
        #expect(connection.buffer == Array(Self.get.utf8))
        #expect(connection.buffer.capacity < 1000)
        #expect(read.count > 100_000)
    }

    @Test("a request hidden in a body is body, by length and by chunks")
    func hiddenRequest() {
        let hidden = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n0\r\n\r\n"
        var byLength = ScriptedConnection()
        #expect(byLength.receive(Self.post("/a", hidden) + Self.post("/b", "")) == "admit /a")
        #expect(byLength.admit() == "work [\(hidden)]")
        #expect(byLength.answer() == .keepAlive)
        #expect(byLength.written() == "admit /b")

        var byChunks = ScriptedConnection()
        let size = String(hidden.utf8.count, radix: 16)
        #expect(
            byChunks.receive(Self.chunked + "\(size)\r\n\(hidden)\r\n0\r\n\r\n" + Self.post("/b", "")) == "admit /c")
        #expect(byChunks.admit() == "work [\(hidden)]")
        #expect(byChunks.answer() == .keepAlive)
        #expect(byChunks.written() == "admit /b")
    }

    @Test("however the bytes are cut up, the same requests with the same bodies come out")
    func splits() {
        let text =
            Self.post("/1", "one") + Self.chunked + "3\r\ntwo\r\n0\r\nT: u\r\n\r\n\r\n" + Self.get
            + "POST /b HTTP/1.1\r\nHost: h\r\n"
            + "Content-Length: 101\r\n\r\n"
        let expected = [
            "admit /1", "work [one]", "admit /c", "work [two]", "admit /a", "work []", "admit /b",
            "refuse body_too_large",
        ]
        #expect(Self.requests(text, cuts: []) == expected)
        for cut in 0...text.utf8.count { #expect(Self.requests(text, cuts: [cut]) == expected) }
        #expect(Self.requests(text, cuts: Array(0..<text.utf8.count)) == expected)
    }

    private static func requests(_ text: String, cuts: [Int]) -> [String] {
        let bytes = Array(text.utf8)
        var connection = ScriptedConnection()
        var seen: [String] = []
        var start = 0
        for cut in cuts + [bytes.count] {
            var action = connection.receive(bytes.span.extracting(start..<cut).text)
            start = cut
            while action != "read", !action.hasPrefix("refuse") {
                seen.append(action)
                if action.hasPrefix("admit") {
                    action = connection.admit()
                } else {
                    #expect(connection.answer() == .keepAlive)
                    action = connection.written()
                }
            }
            if action != "read" { return seen + [action] }
        }
        return seen
    }

    @Test("a chunked body is decoded, and the next request is unchanged")
    func chunkedBody() {
        var connection = ScriptedConnection()
        #expect(connection.receive(Self.chunked + "3\r\nab") == "admit /c")
        #expect(connection.admit() == "read")
        #expect(connection.receive("c\r\n1\r\nd\r\n0\r\n\r\n" + Self.get) == "work [abcd]")
        #expect(connection.answer() == .keepAlive)
        #expect(connection.written() == "admit /a")
    }

    @Test("100 Continue goes out once, when the sender waits for it")
    func continues() {
        let head = "POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        var waiting = ScriptedConnection()
        #expect(waiting.receive(head) == "admit /e")
        #expect(waiting.admit() == "sendContinue")
        #expect(waiting.receive("a") == "read")
        #expect(waiting.receive("b") == "work [ab]")

        var hasty = ScriptedConnection()
        #expect(hasty.receive(head + "a") == "admit /e")
        #expect(hasty.admit() == "read")

        var chunked = ScriptedConnection()
        #expect(
            chunked.receive("POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n")
                == "admit /e")
        #expect(chunked.admit() == "sendContinue")
    }

    @Test("a refusal before the body was read half-closes, discards up to 64 MiB and closes")
    func lingering() {
        var connection = ScriptedConnection()
        #expect(connection.receive(Self.post("/a", String(repeating: "x", count: 101))) == "admit /a")
        #expect(connection.admit(100) == "refuse body_too_large")
        #expect(connection.answer() == .close)
        #expect(connection.written() == "halfClose")
        #expect(connection.buffer.isEmpty)
        #expect(connection.secondsLeft == 2)
        let mebibyte = String(repeating: "x", count: 1024 * 1024)
        for _ in 0..<64 { #expect(connection.receive(mebibyte) == "read") }
        #expect(connection.buffer.isEmpty)
        #expect(connection.receive("x") == "close")
    }

    @Test("without memory a head and a body are refused and released; discarded data needs none")
    func refusesForMemory() {
        for start in [
            "POST / HTTP/1.1\r\nhost: h\r\n", "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 50\r\n\r\nhello",
        ] {
            var connection = ScriptedConnection()
            if connection.receive(start).hasPrefix("admit") { #expect(connection.admit() == "read") }
            #expect(connection.memoryExhausted("more") == "refuse memory_full")
            #expect(connection.buffer.isEmpty)
            #expect(connection.answer() == .close)
            #expect(connection.written() == "halfClose")
            #expect(connection.receive(String(repeating: "x", count: 64 << 20)) == "read")
            #expect(connection.receive("x") == "close")
        }
    }

    @Test(
        "while it discards, the other side's end or two seconds of silence close the connection, and no bytes extend the time of a body"
    )
    func lingeringEnds() {
        for event in ["end", "time", "gone"] {
            var connection = ScriptedConnection()
            #expect(connection.receive("BAD\n") == "refuse malformed_request")
            #expect(connection.answer() == .close)
            #expect(connection.written() == "halfClose")
            #expect(connection.pass(seconds: 1) == "wait")
            #expect(connection.receive("x") == "read")
            switch event {
            case "end": #expect(connection.ended() == "close")
            case "gone": #expect(connection.peerClosed() == "close")
            default:
                #expect(connection.pass(seconds: 1) == "wait")
                #expect(connection.pass(seconds: 1) == "close")
            }
        }
    }

    @Test("a sender that continues to send after its refusal is read as long as a body may take")
    func longLinger() {
        var connection = ScriptedConnection()
        #expect(connection.receive("BAD\n") == "refuse malformed_request")
        #expect(connection.answer() == .close)
        #expect(connection.written() == "halfClose")
        for _ in 0..<29 {
            #expect(connection.pass(seconds: 1) == "wait")
            #expect(connection.receive("x") == "read")
        }
        #expect(connection.secondsLeft == 1)
        #expect(connection.pass(seconds: 1) == "close")
    }

    @Test("a request whose answer blocks is released, and the next one stays")
    func blockedAnswer() {
        var connection = ScriptedConnection()
        #expect(connection.receive(Self.post("/1", "one") + Self.get) == "admit /1")
        #expect(connection.admit() == "work [one]")
        #expect(connection.answer() == .keepAlive)
        connection.state.answerBlocked(&connection.buffer)
        #expect(connection.buffer == Array(Self.get.utf8))
        #expect(connection.written() == "admit /a")
        #expect(connection.answer() == .keepAlive)

        var refused = ScriptedConnection()
        #expect(refused.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nxy") == "admit /a")
        #expect(refused.answer() == .close)
        refused.state.answerBlocked(&refused.buffer)
        #expect(refused.buffer.isEmpty)
        #expect(refused.written() == "halfClose")
    }

    @Test("a chunked body over the limit is refused at the chunk's size, a malformed one immediately")
    func chunkedRefusals() {
        var large = ScriptedConnection()
        #expect(large.receive(Self.chunked) == "admit /c")
        #expect(large.admit(4) == "read")
        #expect(large.receive("3\r\nabc\r\n2") == "refuse body_too_large")
        #expect(large.state.fault == .bodyTooLarge)
        var malformed = ScriptedConnection()
        #expect(malformed.receive(Self.chunked + "3\r\nabcd") == "admit /c")
        #expect(malformed.admit() == "refuse malformed_request")
        #expect(malformed.state.fault == .chunkEnd)
        #expect(malformed.answer() == .close)
        #expect(malformed.ended() == "wait")
        #expect(malformed.written() == "close")
    }

    @Test("the service's refusal of a head keeps the connection when the whole request is there, else closes it")
    func serviceRefusal() {
        var whole = ScriptedConnection()
        #expect(whole.receive(Self.post("/a", "xy") + Self.get) == "admit /a")
        #expect(whole.answer() == .keepAlive)
        #expect(whole.written() == "admit /a")

        var partial = ScriptedConnection()
        #expect(partial.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nxy") == "admit /a")
        #expect(partial.answer() == .close)
        #expect(partial.written() == "halfClose")

        var chunked = ScriptedConnection()
        #expect(chunked.receive(Self.chunked + "0\r\n\r\n") == "admit /c")
        #expect(chunked.answer() == .close)
        #expect(chunked.written() == "halfClose")
    }

    @Test("the answer closes the connection when the sender asks for it or the service drains")
    func closing() {
        var asked = ScriptedConnection()
        #expect(asked.receive(Self.post("/a", "", "Connection: close\r\n")) == "admit /a")
        #expect(asked.admit() == "work []")
        #expect(asked.answer() == .close)
        #expect(asked.written() == "halfClose")
        #expect(asked.secondsLeft == 2)
        #expect(asked.ended() == "close")

        var draining = ScriptedConnection()
        draining.state.drainStarted()
        #expect(draining.receive(Self.get + Self.get) == "admit /a")
        #expect(draining.admit() == "work []")
        #expect(draining.answer() == .close)
        #expect(draining.written() == "halfClose")

        var old = ScriptedConnection()
        #expect(old.receive("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") == "admit /a")
        #expect(old.admit() == "work []")
        #expect(old.answer() == .keepAliveSaid)
        #expect(old.written() == "read")
    }

    @Test("a sender that disconnects while the service works is removed from the loop, and its answer is dropped")
    func hangUp() {
        var connection = ScriptedConnection()
        #expect(connection.receive(Self.get) == "admit /a")
        #expect(connection.admit() == "work []")
        #expect(connection.peerClosed() == "detach")
        #expect(connection.secondsLeft == nil)
        #expect(connection.receive("x") == "wait")
        #expect(connection.answer() == nil)
        #expect(connection.receive("x") == "close")

        var writing = ScriptedConnection()
        #expect(writing.receive(Self.get) == "admit /a")
        #expect(writing.admit() == "work []")
        #expect(writing.answer() == .keepAlive)
        #expect(writing.peerClosed() == "close")
    }

    @Test("a sender that ends its side still gets its answer, and those to what it sent before")
    func halfClosedSender() {
        var connection = ScriptedConnection()
        #expect(connection.receive(Self.get + Self.get + "GET /b") == "admit /a")
        #expect(connection.admit() == "work []")
        #expect(connection.ended() == "wait")
        #expect(connection.answer() == .keepAlive)
        #expect(connection.written() == "admit /a")
        #expect(connection.admit() == "work []")
        #expect(connection.answer() == .keepAlive)
        #expect(connection.written() == "close")

        var single = ScriptedConnection()
        #expect(single.receive(Self.get) == "admit /a")
        #expect(single.admit() == "work []")
        #expect(single.ended() == "wait")
        #expect(single.answer() == .keepAlive)
        #expect(single.written() == "close")
    }

    @Test("a sender that ends in the middle of a request is not answered")
    func truncated() {
        for text in ["", "GET", Self.post("/a", "abc").dropLast().description, Self.chunked + "3\r\na"] {
            var connection = ScriptedConnection()
            if connection.receive(text).hasPrefix("admit") { #expect(connection.admit() == "read") }
            #expect(connection.ended() == "close")
        }
    }
}
