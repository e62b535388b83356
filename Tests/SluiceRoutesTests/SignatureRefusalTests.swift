import SluiceBase
import SluiceCrypto
import SluiceJSON
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Every refusal of a signature, with its code and its reason.
@Suite(.serialized) struct SignatureRefusalTests {
    private static let time = "1700000000"

    /// A route of which `verify` says what is given, besides algorithm and `signature_from`.
    private func routed(_ verify: String) throws -> Route {
        let from = verify.contains("signature_from:") ? "" : "signature_from: '${header.X-Signature}', "
        let text =
            "routes:\n- path: /hook\n  verify: {alg: hmac-sha256, \(from)\(verify)}\n  secrets: [{env: SECRET}]\n  "
            + "jobs: [{type: t}]\n"
        return try route(text)
    }

    @Test(
        "an entry that cannot be a signature is skipped, and refused if there is no other",
        arguments: [
            (["v1=right,v1="], "valid"), (["v1=zz,v1=right"], "valid"), (["t=1,v1=right,v2=zz"], "valid"),
            ([", ,v1=right,"], "valid"),
            (["v1=00", "v1=right"], "valid"), (["", "v1=right"], "valid"),
            ([], "refused signature_missing: the header x-signature is missing"),
            ([""], "refused signature_missing: the header x-signature is empty"),
            ([" , ,"], "refused signature_missing: the header x-signature is empty"),
            (["", ""], "refused signature_missing: the header x-signature is empty"),
            (["v1=,v1="], "refused signature_missing: the header x-signature contains no signature after its prefix"),
            (
                ["v0=right,t=1"],
                "refused signature_invalid: the header x-signature contains no entry that begins with the signature's "
                    + "prefix"
            ),
            (
                ["right"],
                "refused signature_invalid: the header x-signature contains no entry that begins with the signature's "
                    + "prefix"
            ),
            (["v1=zz,v1=0"], "refused signature_invalid: the header x-signature contains no signature that is hex"),
            (["v1=,v1=zz"], "refused signature_invalid: the header x-signature contains no signature that is hex"),
            (["v1=long"], "refused signature_invalid: the header x-signature contains no signature that is hex"),
            (
                ["v1=00,v1=truncated"],
                "refused signature_invalid: the header x-signature does not match any secret of the route"
            ),
        ])
    func entries(values: [String], expected: String) throws {
        let route = try routed("signature_prefix: 'v1=', signature_split: ','")
        let right = signature(Array("{}".utf8), "a secret of tests")
        let lines = values.map {
            $0.replacing("right", with: right).replacing("truncated", with: right.dropLast(2))
                .replacing("long", with: String(repeating: "00", count: 513))
        }
        #expect(TestRequest("{}", headers: lines.map { ("X-Signature", $0) }).judged(by: route) == expected)
    }

    @Test("what stands after the only signature makes it another one", arguments: [",", ",,", ";", "\u{0}", "00", "="])
    func trailing(text: String) throws {
        let value = signature(Array("{}".utf8), "a secret of tests") + text
        for verify in ["signature_prefix: ''", "signature_prefix: 'v1='", "signature_split: ';'"] where text != ";" {
            let prefix = verify.contains("v1=") ? "v1=" : ""
            let request = TestRequest("{}", headers: [("X-Signature", prefix + value)])
            #expect(request.judged(by: try routed(verify)).hasPrefix("refused signature_invalid: "), "\(verify)")
        }
    }

    @Test("of two alternatives the one is told of whose 'require' the request meets")
    func telling() throws {
        let alternatives = ["1", "2"].map { version in
            "{ alg: hmac-sha256, signature_from: '${header.X-Signature}', signed: '\(version == "2" ? "v2." : "")${body}', "
                + "require: { header.V: \"\(version)\" } }"
        }
        let route = try route(
            "routes:\n- path: /hook\n  verify: [ \(alternatives.joined(separator: ", ")) ]\n"
                + "  secrets: [{env: SECRET}]\n  jobs: [{type: t}]\n")
        let digest = signature(Array("{}".utf8), "a secret of tests")
        let request = TestRequest("{}", headers: [("X-Signature", digest), ("V", "2")])
        #expect(
            request.judged(by: route)
                == "refused signature_invalid: the header x-signature does not match any secret of the route")
    }

    @Test("an array with more elements than are looked at is refused as a whole")
    func manyItems() throws {
        let route = try routed("each: '${body.items[]}', signature_from: '${item.s}', signed: '${item.a}'")
        let element = #"{"a":"1","s":"\#(signature(Array("1".utf8), "a secret of tests"))"}"#
        func judged(_ count: Int) -> String {
            let elements = [String](repeating: element, count: count).joined(separator: ",")
            return TestRequest(#"{"items":[\#(elements)]}"#).judged(by: route)
        }
        #expect(judged(JSONFindings.maximumItems) == "valid")
        #expect(
            judged(JSONFindings.maximumItems + 1)
                == "refused signature_invalid: the array in the body has more than \(JSONFindings.maximumItems) elements"
        )
    }

    @Test(
        "a place without a signature is named",
        arguments: [
            ("'${query.sig}'", "the query parameter sig is missing"),
            ("'${body.a.sig}'", "the field a.sig of the body is missing"),
            (#"'${body["odd.key"][0]}'"#, #"the field ["odd.key"][0] of the body is missing"#),
            ("'${header.X-Sig-*}'", "the header x-sig-* is missing"),
        ])
    func places(from: String, expected: String) throws {
        let route = try routed("signature_from: \(from)")
        #expect(
            TestRequest(#"{"a":{}}"#, target: "/hook?s=1").judged(by: route) == "refused signature_missing: \(expected)"
        )
    }

    @Test(
        "a null, empty or other value in the body is not a signature",
        arguments: [
            ("null", "refused signature_missing: the field sig of the body is missing"),
            (#""""#, "refused signature_missing: the field sig of the body is empty"),
            ("{}", "refused signature_invalid: the field sig of the body is not hex"),
            ("12", "refused signature_invalid: the field sig of the body does not match any secret of the route"),
        ])
    func bodyValues(value: String, expected: String) throws {
        #expect(TestRequest(#"{"sig":\#(value)}"#).judged(by: try routed("signature_from: '${body.sig}'")) == expected)
    }

    @Test(
        "a body that has to be read for its signature and cannot be is refused, and no dead letter",
        arguments: [
            ("{", "application/json", "the text ends inside a value at byte 1"),
            ("", "", "there is no value at byte 0"),
            (String(repeating: "[", count: 200), "", "the nesting is deeper than 124 levels at byte 124"),
            (
                "x", "text/plain; charset=koi8-r",
                "the body is not JSON, and the signature does not cover Content-Type: set 'body' to form, text or bytes"
            ),
        ])
    func unreadable(body: String, type: String, why: String) throws {
        let prefix = "refused signature_missing: the body, which contains a part of the signature, cannot be parsed: "
        let headers = [("Content-Type", type), ("X-Signature", signature(Array(body.utf8), "a secret of tests"))]
        for verify in ["signature_from: '${body.sig}'", "signed: '${body.id}'", "timestamp_from: '${body.at}'"] {
            #expect(try TestRequest(body, headers: headers).judged(by: routed(verify)) == prefix + why)
        }
    }

    @Test(
        "a timestamp that is missing, empty, doubled or no time is refused",
        arguments: [
            ([], "refused signature_missing: the header x-time, which contains the timestamp, is missing"),
            ([""], "refused signature_missing: the header x-time, which contains the timestamp, is empty"),
            ([time, time], "refused signature_invalid: the header x-time is repeated"),
            (
                ["now"],
                "refused signature_invalid: the timestamp in the header x-time is not a number of seconds since 1970"
            ),
            (
                ["-1700000000"],
                "refused signature_invalid: the timestamp in the header x-time is not a number of seconds since 1970"
            ),
            (
                ["1700000000.5"],
                "refused signature_invalid: the timestamp in the header x-time is not a number of seconds since 1970; it "
                    + "looks like seconds with a fraction"
            ),
            (
                ["1700000000000000"],
                "refused signature_invalid: the timestamp in the header x-time is not a number of seconds since 1970; it "
                    + "looks like microseconds"
            ),
            (["1699999700"], "refused signature_expired: the timestamp is 300s old, and 'tolerance' is 5m"),
            (
                ["1700000301"],
                "refused signature_expired: the timestamp is 300s ahead of the clock, and 'tolerance' is 5m"
            ),
            (
                ["999999999999999"],
                "refused signature_expired: the timestamp is 999998299999998s ahead of the clock (after the year 9999), "
                    + "and 'tolerance' is 5m"
            ),
            (
                ["1700000000123"],
                "refused signature_expired: the timestamp is 1698300000122s ahead of the clock (after the year 9999), "
                    + "and 'tolerance' is 5m; it looks like milliseconds (2023-11-14T22:13:20.123Z): set "
                    + "'timestamp_format: unix_ms'"
            ),
            (
                ["2023-11-14T22:13:20Z"],
                "refused signature_invalid: the timestamp in the header x-time is not a number of seconds since 1970; it "
                    + "looks like a time in the format of RFC 3339"
            ),
            (["1699999701"], "valid"), (["1700000300"], "valid"),
            (
                ["01700000000"],
                "refused signature_invalid: the timestamp in the header x-time is not a number of seconds since 1970"
            ),
        ])
    func timestamps(values: [String], expected: String) throws {
        let route = try routed("timestamp_from: '${header.X-Time}', signed: '${timestamp}${body}'")
        let text = (values.first ?? "") + "{}"
        let headers =
            values.map { ("X-Time", $0) } + [("X-Signature", signature(Array(text.utf8), "a secret of tests"))]
        #expect(TestRequest("{}", headers: headers).judged(by: route) == expected)
    }

    @Test(
        "timestamps in other forms are read strictly",
        arguments: [
            ("unix_ms", "1699999700122", "expired"), ("unix_ms", "1699999700123", "valid"),
            ("unix_ms", "1700000300123", "valid"),
            ("unix_ms", "1700000300124", "expired"),
            ("unix_ms", "1.7e12", "is not a number of milliseconds since 1970"),
            ("unix_ms", "1700000000000000000", "is not a number of milliseconds since 1970; it looks like nanoseconds"),
            ("rfc3339", "2023-11-14T22:08:20.123999999Z", "valid"),
            ("rfc3339", "2023-11-14T22:08:20.122999999Z", "expired"),
            ("rfc3339", "2023-11-14T22:18:20.124-00:00", "expired"),
            ("rfc3339", "2023-11-15T00:13:20+02:00", "valid"),
            ("rfc3339", "2023-11-14 22:13:20", "is not a time in the format of RFC 3339"),
            ("rfc3339", "2023-11-14 22:13:20Z", "is not a time in the format of RFC 3339"),
            ("unix_ms", "01700000000123", "is not a number of milliseconds since 1970"),
            ("unix_ms", "+1700000000123", "is not a number of milliseconds since 1970"),
            ("rfc3339", "1700000000", "is not a time in the format of RFC 3339; it looks like seconds"),
            ("rfc3339", "9999999999999999999", "is not a time in the format of RFC 3339"),
            ("unix_or_ms", "1700000000000000", "since 1970; it looks like microseconds"),
            ("http_date", "Tue, 14 Nov 2023 22:18:20 GMT", "valid"),
            ("http_date", "Tue, 14 Nov 2023 22:18:21 GMT", "expired"),
            ("http_date", "Mon, 14 Nov 2023 22:13:20 GMT", "is not a date in the format of HTTP"),
            ("http_date", "1700000000", "is not a date in the format of HTTP; it looks like seconds"),
            (
                "unix_or_ms", "Tue, 14 Nov 2023 22:13:20 GMT",
                "is not a number of seconds or milliseconds since 1970; it looks like an HTTP date"
            ),
            (
                "unix_ms", "1700000000",
                "1698300000s old (1970-01-20T16:13:20.000Z), and 'tolerance' is 5m; it looks like seconds "
                    + "(2023-11-14T22:13:20.000Z): set 'timestamp_format: unix'"
            ),
            (
                "unix_ms", "1700000000000000",
                "(after the year 9999), and 'tolerance' is 5m; it looks like microseconds (2023-11-14T22:13:20.000Z), "
                    + "which 'timestamp_format' does not support"
            ),
        ])
    func formats(format: String, text: String, expected: String) throws {
        let route = try routed(
            "timestamp_from: '${header.X-Time}', timestamp_format: \(format), signed: '${timestamp}'")
        let headers = [("X-Time", text), ("X-Signature", signature(Array(text.utf8), "a secret of tests"))]
        #expect(TestRequest("{}", headers: headers).judged(by: route).contains(expected))
    }

    @Test(
        "the entry with the timestamp's prefix must be there, once, and not empty",
        arguments: [
            (["v1=S"], "refused signature_missing: the header x-signature contains no timestamp"),
            (["t=,v1=S"], "refused signature_missing: the header x-signature contains no timestamp"),
            (
                ["t=\(time),t=\(time),v1=S"],
                "refused signature_invalid: the header x-signature contains more than one timestamp"
            ),
            (
                ["t=\(time),v1=S", "t=1"],
                "refused signature_invalid: the header x-signature contains more than one timestamp"
            ),
            (
                ["t=\(time)"],
                "refused signature_invalid: the header x-signature contains no entry that begins with the signature's prefix"
            ),
            (["v1=S", "t=\(time)"], "valid"), ([" v1=S , t=\(time) "], "valid"),
        ])
    func prefixedTimestamps(lines: [String], expected: String) throws {
        let verify =
            "signature_prefix: 'v1=', signature_split: ',', timestamp_from: '${header.X-Signature}', timestamp_prefix: 't=', "
            + "signed: '${timestamp}.${body}'"
        let right = signature(Array("\(Self.time).{}".utf8), "a secret of tests")
        let headers = lines.map { ("X-Signature", $0.replacing("S", with: right)) }
        #expect(TestRequest("{}", headers: headers).judged(by: try routed(verify)) == expected)
    }

    @Test("a header with only a timestamp may occur once, if nothing distinguishes several values")
    func soleTimestampLine() throws {
        let route = try routed("timestamp_from: '${header.X-Time}', timestamp_prefix: 't=', signed: '${timestamp}'")
        let right = ("X-Signature", signature(Array(Self.time.utf8), "a secret of tests"))
        let line = ("X-Time", "t=\(Self.time)")
        #expect(TestRequest("{}", headers: [right, line]).judged(by: route) == "valid")
        #expect(
            TestRequest("{}", headers: [right, line, line]).judged(by: route)
                == "refused signature_invalid: the header x-time is repeated"
        )
    }

    @Test(
        "a missing signed value is refused, and so is a signed header that occurs twice",
        arguments: [
            (
                "id_from: '${header.X-Id}', signed: '${id}'", [],
                "signature_missing: the header x-id, which contains the id, is missing"
            ),
            (
                "id_from: '${header.X-Id}', signed: '${id}'", ["X-Id: "],
                "signature_missing: the header x-id, which contains the id, is empty"
            ),
            (
                "id_from: '${header.X-Id}', signed: '${id}'", ["X-Id: a", "X-Id: a"],
                "signature_invalid: the header x-id is repeated"
            ),
            (
                "id_from: '${query.id}', signed: '${id}'", [],
                "signature_missing: the query parameter id, which contains the id, is missing"
            ),
            ("signed: '${header.X-A}'", [], "signature_missing: the header x-a, which is signed, is missing"),
            ("signed: '${header.X-A}'", ["X-A: 1", "X-A: 2"], "signature_invalid: the header x-a is repeated"),
            ("signed: '${query.a}'", [], "signature_missing: the query parameter a, which is signed, is missing"),
            ("signed: '${body.a.b}'", [], "signature_missing: the field a.b of the body, which is signed, is missing"),
            (
                "signed: '${sha256.body.a}'", [],
                "signature_missing: the digest of the field a of the body, which is signed, is missing"
            ),
        ])
    func signedParts(verify: String, headers: [String], expected: String) throws {
        let lines = headers.map { line in
            let parts = line.split(separator: ": ", omittingEmptySubsequences: false).map(String.init)
            return (name: parts[0], value: parts[1])
        }
        let request = TestRequest("{}", headers: lines + [("X-Signature", signature([], "a secret of tests"))])
        #expect(request.judged(by: try routed(verify)) == "refused \(expected)")
    }

    @Test("the time is checked before the signature, so that an old request costs nothing more")
    func order() throws {
        let route = try routed("timestamp_from: '${header.X-Time}', signed: '${timestamp}${body}'")
        func outcome(_ secret: String) -> String {
            let digest = signature(Array("1600000000{}".utf8), secret)
            return TestRequest("{}", headers: [("X-Time", "1600000000"), ("X-Signature", digest)]).judged(by: route)
        }
        #expect(outcome("other") == outcome("a secret of tests"))
        #expect(
            outcome("a secret of tests")
                == "refused signature_expired: the timestamp is 100000000s old (2020-09-13T12:26:40.000Z), and "
                + "'tolerance' is 5m")
    }

    @Test("no reason repeats what the sender wrote")
    func secrecy() throws {
        let marks = ["hunter2", "00hunter2", "hunter2=00", "t=hunter2,v1=00", "v1=hunter2"]
        let schemes = [
            "signature_split: ','", "signature_prefix: 'v1='",
            "timestamp_from: '${header.X-Time}', signed: '${timestamp}'",
            "signature_from: '${body.s}'", "signed: '${body.x.y}:${header.X-Time}'",
        ]
        for scheme in schemes {
            let route = try routed(scheme)
            for mark in marks {
                let request = TestRequest(
                    #"{"s":"\#(mark)"}"#, target: "/hook?\(mark)", headers: [("X-Signature", mark), ("X-Time", mark)])
                let outcome = request.judged(by: route)
                #expect(outcome.hasPrefix("refused signature_"))
                #expect(!outcome.contains("hunter2"))
            }
        }
    }
}
