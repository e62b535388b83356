import SluiceBase
import SluiceHTTP
import Testing

@Suite struct ProblemDocumentTests {
    @Test("a refusal is a problem document with title, status, detail and code")
    func exact() {
        let response = ProblemDocument.response(for: .outboxFull, headers: [(name: "retry-after", value: "5")])
        #expect(response.status == 503)
        #expect(
            response.headers.map { "\($0.name): \($0.value)" } == [
                "content-type: application/problem+json", "retry-after: 5",
            ])
        let expected =
            #"{"title":"Service Unavailable","status":503,"detail":"The outbox has reached its size limit; retry later.","#
            + #""code":"outbox_full"}"#
        #expect(response.body.span.text == expected)
    }

    @Test(
        "a 401 names an authentication scheme",
        arguments: [ErrorCode.signatureMissing, .signatureInvalid, .signatureExpired])
    func challenge(_ code: ErrorCode) {
        #expect(
            ProblemDocument.response(for: code).headers.contains {
                $0.name == "www-authenticate" && $0.value == "Signature"
            })
    }

    @Test("every code has its own document, whose texts need no JSON escape", arguments: ErrorCode.allCases)
    func everyCode(_ code: ErrorCode) {
        let phrase = StatusPhrase.text(code.httpStatus)
        #expect(!phrase.isEmpty)
        #expect(
            (phrase + code.title + code.rawValue).utf8.allSatisfy {
                $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C
            })
        let text = ProblemDocument.response(for: code).body.span.text
        #expect(
            text
                == "{\"title\":\"\(phrase)\",\"status\":\(code.httpStatus),\"detail\":\"\(code.title)\",\"code\":\"\(code.rawValue)\"}"
        )
    }

    @Test("the answer to a malformed request names the rule that it breaks, and only that")
    func rules() {
        let told = ProblemDocument.response(for: .malformedRequest, rule: MessageError.contentLengthTwice.rawValue).body
            .span.text
        #expect(told.contains(#""detail":"The request is malformed: more than one Content-Length.","#))
        for text in [#"a "quote""#, "\u{1B}[2J", "a\r\nb", "\u{7F}", "\u{9B}2J", "\u{202E}a"] {
            let unsafe = ProblemDocument.response(for: .malformedRequest, rule: text).body
            #expect(unsafe == ProblemDocument.response(for: .malformedRequest).body)
        }
        #expect(
            ProblemDocument.response(for: .outboxFull, rule: "x").body
                == ProblemDocument.response(for: .outboxFull).body)
    }

    @Test(
        "the answer to a refused signature names the missing or invalid part",
        arguments: [
            (
                ErrorCode.signatureMissing, "the header x-time, which contains the timestamp, is missing",
                "The request lacks a part of the signature that this route expects: "
                    + "the header x-time, which contains the timestamp, is missing."
            ),
            (
                .signatureInvalid, "the timestamp in the header x-time is not a number of seconds since 1970",
                "The signature is not valid for this route: "
                    + "the timestamp in the header x-time is not a number of seconds since 1970."
            ),
        ])
    func signatures(code: ErrorCode, reason: String, detail: String) {
        let text = ProblemDocument.response(for: code, rule: reason).body.span.text
        #expect(text.contains("\"detail\":\"\(detail)\","), "\(text)")
    }

    @Test("every rule that a message can break has its own sentence")
    func faults() {
        for fault in MessageError.allCases {
            #expect(fault.rawValue.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C })
        }
        for fault in MessageError.allCases { #expect(!fault.rawValue.isEmpty && !fault.rawValue.hasSuffix(".")) }
    }
}
