import Testing

@testable import SluiceRoutes

/// Which URLs a route may name, and which of them a request may name.
@Suite struct KeyURLTests {
    @Test(
        "a URL of a key is https, a host name and a path",
        arguments: [
            ("https://sns.us-east-1.amazonaws.com/a.pem", true), ("https://Keys.example.com:443/a", true),
            ("https://localhost/a", true), ("http://sns.us-east-1.amazonaws.com/a.pem", false),
            ("HTTPS://example.com/a", false), ("https://user@example.com/a", false),
            ("https://example.com:8443/a", false), ("https://example.com", false), ("https:///a", false),
            ("https://127.0.0.1/a", false), ("https://2130706433/a", false), ("https://[::1]/a", false),
            ("https://example.com/a#b", false), ("https://example.com\\@evil.example/a", false),
            ("https://example.com/ä", false), ("https://exa mple.com/a", false), ("https://.example.com/a", false),
            ("https://example..com/a", false), ("https://example.com./a", false), ("//example.com/a", false),
            ("https://-a.example.com/a", false), ("", false),
            ("https://example.com/" + String(repeating: "a", count: 1024), false),
            ("https://" + String(repeating: "a234567.", count: 31) + "org/k", true),
            ("https://" + String(repeating: "a234567.", count: 31) + "coffee/k", false),
        ])
    func urls(text: String, isValid: Bool) { #expect((KeyURL(parsing: text) != nil) == isValid) }

    @Test(
        "a request may only name what a pattern allows",
        arguments: [
            ("https://sns.us-east-1.amazonaws.com/Key-1.pem", true),
            ("https://SNS.us-east-1.AMAZONAWS.com/Key-1.pem", true),
            ("https://sns.us-east-1.amazonaws.com/Key-.pem", true),
            ("https://sns.us-east-1.amazonaws.com/Key.pem", false),
            ("https://sns.us-east-1.amazonaws.com/key-1.pem", false),
            ("https://sns.us-east-1.amazonaws.com/Key-1.pem.txt", false),
            ("https://sns.us-east-1.amazonaws.com/Key-1.pem?x", false),
            ("https://sns.us-east-1.amazonaws.com/Key-1?.pem", false),
            ("https://sns.us-east-1.amazonaws.com/Key-/../1.pem", false),
            ("https://sns.us-east-1.amazonaws.com/Key-%2e%2e/1.pem", false),
            ("https://sns.us-east-1.amazonaws.com/x/Key-1.pem", false),
            ("https://sns.us-east-1.amazonaws.com.evil.example/Key-1.pem", false),
            ("https://sns.a.b.amazonaws.com/Key-1.pem", false), ("https://sns.amazonaws.com/Key-1.pem", false),
            ("https://evil.example/sns.us-east-1.amazonaws.com/Key-1.pem", false),
            ("https://xsns.us-east-1.amazonaws.com/Key-1.pem", false),
        ])
    func patterns(text: String, isAllowed: Bool) throws {
        let pattern = try #require(KeyURLPattern(parsing: "https://sns.*.amazonaws.com/Key-*.pem"))
        let url = try #require(KeyURL(parsing: text))
        #expect(pattern.matches(url) == isAllowed)
    }

    @Test("pieces of a path match in order, and do not overlap")
    func pieces() throws {
        let pattern = try #require(KeyURLPattern(parsing: "https://example.com/ab*bc*cd"))
        func matches(_ path: String) throws -> Bool {
            pattern.matches(try #require(KeyURL(parsing: "https://example.com/\(path)")))
        }
        for path in ["abbccd", "ab-bc-cd"] { #expect(try matches(path)) }
        for path in ["abccd", "abcd", "abcdbc"] { #expect(try matches(path) == false) }
        let ends = try #require(KeyURLPattern(parsing: "https://example.com/aba*ba"))
        #expect(ends.matches(try #require(KeyURL(parsing: "https://example.com/ababa"))))
        #expect(!ends.matches(try #require(KeyURL(parsing: "https://example.com/aba"))))
    }

    @Test(
        "a pattern writes out the domain, and has no query",
        arguments: [
            "https://*/a.pem", "https://*.com/a.pem", "https://example.*/a.pem", "https://a*.example.com/a.pem",
            "http://a.example.com/*", "https://a.example.com", "https://a.example.com/*?x=1",
        ])
    func refusedPatterns(text: String) { #expect(KeyURLPattern(parsing: text) == nil) }

    @Test(
        "a query has the parameters of the pattern, in their order",
        arguments: [
            ("https://a.example.com/?Action=Confirm&Token=1:a%2F", true),
            ("https://a.example.com/?Action=Confirm&Token=", true),
            ("https://a.example.com/?Action=Other&Token=1", false),
            ("https://a.example.com/?Action=Confirm&Token=1&Action=Other", false),
            ("https://a.example.com/?Token=1&Action=Confirm", false), ("https://a.example.com/", false),
            ("https://a.example.com/?Action=Confirm", false),
            ("https://a.example.com//?Action=Confirm&Token=1", false),
            ("https://a.example.com/%2e?Action=Confirm&Token=1", false),
            ("https://b.example.org/?Action=Confirm&Token=1", false),
        ])
    func queries(text: String, isAllowed: Bool) throws {
        let written = "https://*.example.com/?Action=Confirm&Token=*"
        let pattern = try #require(KeyURLPattern(parsing: written, allowsQuery: true))
        let url = try #require(KeyURL(parsing: text))
        #expect(pattern.matches(url) == isAllowed)
        if isAllowed { #expect(pattern.redacted(url) == "https://a.example.com/?Action=Confirm&Token=*") }
        #expect(pattern.example.map { pattern.matches($0) } == true)
        #expect(KeyURLPattern(parsing: written) == nil)
    }
}
