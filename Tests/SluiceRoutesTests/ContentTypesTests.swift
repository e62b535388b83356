import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// `content_types` and `gzip`: what is refused for the head alone.
@Suite(.serialized) struct ContentTypesTests {
    private func refusal(_ lines: String, _ headers: [(name: String, value: String)]) throws -> ErrorCode? {
        guard
            case .refused(let code, let reason) = TestRequest("{}", headers: headers).processed(
                by: try route(openRoute(lines)))
        else {
            return nil
        }
        #expect(reason == code.title || code == .contentTypeNotSupported)
        return code
    }

    @Test(
        "a request whose content type is not in the list is refused, and one without any",
        arguments: [
            ("application/json", true), ("APPLICATION/Json; charset=utf-8", true), ("text/plain", true),
            ("Text/x;a=b", true),
            ("application/jsonp", false), ("application/problem+json", false), ("text/", false), ("text", false),
            ("textual/plain", false),
            ("multipart/form-data", false), ("", false), (nil, false),
        ])
    func types(type: String?, isTaken: Bool) throws {
        let headers = type.map { [(name: "Content-Type", value: $0)] } ?? []
        #expect(
            try refusal("content_types: [Application/JSON, \"text/*\"]", headers)
                == (isTaken ? nil : .contentTypeNotSupported))
        #expect(try refusal("", headers) == nil)
    }

    @Test(
        "a star before a suffix accepts every type with it, and the refusal names the type that came",
        arguments: [
            ("application/problem+json", nil), ("Application/X+JSON; charset=utf-8", nil),
            ("application/+json", "application/+json"), ("application/json", "application/json"),
            ("text/x+json", "text/x+json"), ("application/x+xml; a=b", "application/x+xml"),
        ])
    func suffixes(type: String, refused: String?) throws {
        let route = try route(openRoute("content_types: ['application/*+json']"))
        let outcome = TestRequest("{}", headers: [("Content-Type", type)]).processed(by: route)
        #expect(outcome.refusal?.reason == refused.map { "'content_types' does not accept \($0)" })
    }

    @Test("the method comes first, then the type, then the coding")
    func order() throws {
        let route = try route(openRoute("content_types: [application/json]"))
        var request = TestRequest("{}", headers: [("Content-Encoding", "br")])
        request.method = "PUT"
        #expect(request.processed(by: route).summary.hasPrefix("refused method_not_allowed:"))
        request.method = "POST"
        #expect(
            request.processed(by: route).summary
                == "refused content_type_not_supported: 'content_types' does not accept a request without Content-Type")
        request.headers.append(("Content-Type", "application/json"))
        #expect(request.processed(by: route).summary.hasPrefix("refused content_encoding_not_supported:"))
    }

    @Test(
        "an entry that is not a type is an error with its location",
        arguments: [
            (
                "[json]",
                "5:21: a content type must be 'type/subtype', 'type/*' or 'type/*+suffix', without parameters, not 'json'"
            ),
            (
                "[application/json, 'text/plain; charset=utf-8']",
                "5:39: a content type must be 'type/subtype', 'type/*' or 'type/*+suffix', without parameters, not 'text/plain; "
                    + "charset=utf-8'"
            ),
            (
                "['*/*']",
                "5:21: a content type must be 'type/subtype', 'type/*' or 'type/*+suffix', without parameters, not '*/*'"
            ),
            (
                "[text/]",
                "5:21: a content type must be 'type/subtype', 'type/*' or 'type/*+suffix', without parameters, not 'text/'"
            ),
            (
                "[a/b/c]",
                "5:21: a content type must be 'type/subtype', 'type/*' or 'type/*+suffix', without parameters, not 'a/b/c'"
            ),
            (
                "['text/x*']",
                "5:21: a content type must be 'type/subtype', 'type/*' or 'type/*+suffix', without parameters, not 'text/x*'"
            ),
            ("[1]", "5:21: a content type must be a text, not a number; put it in quotes"),
            ("[]", "5:20: 'content_types' needs at least one type; otherwise no request would be accepted"),
            ("text/plain", "5:20: 'content_types' must be a list, not a text"),
        ])
    func problems(value: String, expected: String) {
        #expect(SluiceRoutesTests.problems(openRoute("content_types: \(value)")) == [expected])
    }

    @Test(
        "an encoded body is refused, unless it is identity, or gzip on a route that accepts it",
        arguments: [
            ([], true, true), (["Identity"], true, true), ([""], true, true),
            (["identity, identity", ","], true, true),
            (["gzip"], false, true), (["X-GZip"], false, true), ([" identity ,gzip"], false, true),
            (["identity", "gzip"], false, true),
            (["br"], false, false), (["gzip, gzip"], false, false), (["gzip", "gzip"], false, false),
            (["gzip, br"], false, false),
            (["deflate"], false, false), (["gzipped"], false, false),
        ] as [([String], Bool, Bool)])
    func codings(lines: [String], isTaken: Bool, isTakenWithGzip: Bool) throws {
        let headers = lines.map { (name: "Content-Encoding", value: $0) }
        #expect(try refusal("", headers) == (isTaken ? nil : .contentEncodingNotSupported))
        #expect(try refusal("gzip: false", headers) == (isTaken ? nil : .contentEncodingNotSupported))
        #expect(try refusal("gzip: true", headers) == (isTakenWithGzip ? nil : .contentEncodingNotSupported))
    }

    @Test("'gzip' is true or false")
    func gzip() {
        #expect(SluiceRoutesTests.problems(openRoute("gzip: on")) == ["5:11: 'gzip' must be true or false, not a text"])
    }
}
