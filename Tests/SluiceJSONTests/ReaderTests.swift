import SluiceJSON
import Testing

@Suite("reading value by value", .serialized)
struct ReaderTests {
    private struct Enqueued: Equatable {
        var id = ""
        var attempts: Int64 = -1
        var duplicate = false
    }

    /// Reads an answer of Zizq as its client does.
    private func jobs(_ text: String) throws(JSONError) -> [Enqueued] {
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span)
        var jobs: [Enqueued] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard key.equals("jobs") else {
                try reader.skipValue()
                continue
            }
            try reader.beginArray()
            while try reader.nextElement() { jobs.append(try job(&reader)) }
        }
        try reader.finish()
        return jobs
    }

    private func job(_ reader: inout JSONReader) throws(JSONError) -> Enqueued {
        var job = Enqueued()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id": job.id = try reader.readString()
            case "attempts": job.attempts = try reader.readInt64()
            case "duplicate": job.duplicate = try reader.readBool()
            default: try reader.skipValue()
            }
        }
        return job
    }

    @Test("an answer is read by its keys; unknown ones are passed")
    func answer() throws {
        let text = #"""
            { "extra" : [ { } , "x" ] , "jobs" : [
              {"id":"03hafx","type":"t","attempts":0,"duplicate":false,"backoff":{"base_ms":1,"exponent":2.5}} ,
              {"dupl\u0069cate":true,"id":"\u0061\"b"} ] , "pages" : null }
            """#
        #expect(
            try jobs(text) == [
                Enqueued(id: "03hafx", attempts: 0, duplicate: false),
                Enqueued(id: "a\"b", attempts: -1, duplicate: true),
            ])
        #expect(try jobs(#"{"jobs":[]}"#) == [])
        #expect(try jobs("{}") == [])
    }

    @Test(
        "malformed or unexpected values are refused with their position",
        arguments: [
            (#"{"jobs":[{"id":1}]}"#, "expected a string, not a number at byte 15"),
            (#"{"jobs":{}}"#, "expected an array, not an object at byte 8"),
            ("[]", "expected an object, not an array at byte 0"),
            (#"{"jobs":[{"attempts":1.5}]}"#, "expected a 64-bit integer at byte 21"),
            (#"{"jobs":[{"attempts":"1"}]}"#, "expected a number, not a string at byte 21"),
            (#"{"jobs":[{"duplicate":null}]}"#, "expected true or false, not null at byte 22"),
            (#"{"jobs":[{"id":"a"},]}"#, "expected a value at byte 20"),
            (#"{"jobs":[{"id":"a",}]}"#, "expected a key in double quotes at byte 19"),
            (#"{"jobs":[] "x":1}"#, "expected a comma or a closing brace at byte 11"),
            (#"{"jobs":[{"id":"a"} {}]}"#, "expected a comma or a closing bracket at byte 20"),
            (#"{"jobs":[{"id":"a"}"#, "the text ends inside a value at byte 19"),
            (
                #"{"jobs":[{"id":"\ud800"}]}"#,
                "a string contains an escaped surrogate without its other half at byte 16"
            ),
            (#"{"\udc00":1}"#, "a string contains an escaped surrogate without its other half at byte 2"),
            (#"{"x":[["\udc00"]]}"#, "a string contains an escaped surrogate without its other half at byte 8"),
            ("{} {}", "there is text after the value at byte 3"),
            ("", "there is no value at byte 0"),
            ("\u{FEFF}{}", "the text begins with a byte-order mark at byte 0"),
            (#"{"x":[1e400]}"#, "a number is outside the range of a double at byte 6"),
        ])
    func refused(text: String, reason: String) {
        #expect { try jobs(text) } throws: { "\($0)" == reason }
    }

    @Test(
        "integers of 64 bits are read, others are refused",
        arguments: [
            ("0", 0), ("-0", 0), ("-1", -1), ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
            ("9223372036854775808", nil),
            ("-9223372036854775809", nil), ("18446744073709551615", nil), ("1.0", nil), ("1e2", nil),
            ("99999999999999999999999", nil),
        ] as [(String, Int64?)])
    func integers(text: String, value: Int64?) {
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span)
        do throws(JSONError) {
            let read = try reader.readInt64()
            #expect(read == value)
        } catch {
            #expect(value == nil)
            #expect(error == JSONError(.notAnInteger, at: 0))
        }
    }

    @Test("a skipped value returns the range of its exact bytes")
    func skipped() throws {
        let bytes = Array(#" {"payload" : {"a": [1, "]"]} , "n":-1.5 } "#.utf8)
        var reader = JSONReader(bytes.span)
        var texts: [String] = []
        try reader.beginObject()
        while try reader.nextKey() != nil {
            let range = try reader.skipValue()
            texts.append(String(decoding: bytes[range], as: UTF8.self))
        }
        try reader.finish()
        #expect(texts == [#"{"a": [1, "]"]}"#, "-1.5"])
    }

    @Test("the limit on nesting applies across read and skipped values")
    func depth() throws {
        let bytes = Array(nested(5).utf8)
        for entered in 0...4 {
            var shallow = JSONReader(bytes.span, maximumDepth: 4)
            var deep = JSONReader(bytes.span, maximumDepth: 5)
            let refusal = enter(&shallow, levels: entered)
            #expect(refusal?.description == "the nesting is deeper than 4 levels at byte 4")
            let acceptance = enter(&deep, levels: entered)
            #expect(acceptance == nil)
        }
    }

    /// Enters so many arrays and skips what is inside.
    private func enter(_ reader: inout JSONReader, levels: Int) -> JSONError? {
        do throws(JSONError) {
            for _ in 0..<levels {
                try reader.beginArray()
                guard try reader.nextElement() else { return nil }
            }
            try reader.skipValue()
            return nil
        } catch {
            return error
        }
    }

    @Test("a value can be peeked at, and null skipped, before it is read")
    func nulls() throws {
        let bytes = Array(#"[null, 1 ,"a"]"#.utf8)
        var reader = JSONReader(bytes.span)
        try reader.beginArray()
        var seen: [String] = []
        while try reader.nextElement() {
            let kind = try reader.peek()
            let isNull = try reader.readNull()
            seen.append("\(kind.name) \(isNull)")
            if !isNull { try reader.skipValue() }
        }
        try reader.finish()
        #expect(seen == ["null true", "a number false", "a string false"])
    }

    @Test("a lone surrogate is read as the replacement character if requested")
    func surrogates() throws {
        let bytes = Array(#"{"\ud800":"\udc00"}"#.utf8)
        var reader = JSONReader(bytes.span, acceptsLoneSurrogates: true)
        try reader.beginObject()
        let key = try reader.nextKey()?.text
        #expect(key == "\u{FFFD}")
        let value = try reader.readString()
        #expect(value == "\u{FFFD}")
    }

    @Test("a key equals its name and nothing shorter, longer or differently cased")
    func keys() throws {
        let bytes = Array(#"{"id":1}"#.utf8)
        var reader = JSONReader(bytes.span)
        try reader.beginObject()
        guard let key = try reader.nextKey() else {
            Issue.record("the object has a key")
            return
        }
        let matches = [key.equals("id"), key.equals("i"), key.equals("idx"), key.equals("ID"), key.equals("")]
        #expect(matches == [true, false, false, false, false])
    }

    @Test("reading two values in place of one is a bug of the caller, not a lenient reading")
    func misuse() async {
        await #expect(processExitsWith: .failure) {
            let bytes = Array(#"["a""b"]"#.utf8)
            var reader = JSONReader(bytes.span)
            try reader.beginArray()
            _ = try reader.nextElement()
            _ = try reader.readString()
            _ = try reader.readString()
        }
    }
}
