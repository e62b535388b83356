import SluiceBase
import SluiceRouteFiles
import SluiceRoutes
import Testing

private let secret = "0123456789abcdef0123456789abcdef"
/// By Python's `hmac`, over `&a=1&messageId=m-1&text=a_b _ c_d&timestamp=1700000000&to=4420`.
private let formSignature = "b474c5dcc460312e8c677a9d6f063d45128e12126cf6dda306ef352966ea688f"
private let form = "to=4420&messageId=m-1&text=a%26b+%3D+c_d&a=1&timestamp=1700000000"

/// `${form.without.NAME}`: a form whose fields are signed as one text, with the signature among them.
@Suite struct SignedFormTests {
    private func outcome(_ body: String) throws -> String {
        let text = """
            routes:
            - path: /hook
              provider: vonage-sms
              secrets: [ { env: SECRET } ]
              jobs: [ { type: t } ]

            """
        return TestRequest(body).processed(by: try route(text, environment: ["SECRET": secret])).summary
    }

    @Test(
        "the fields are signed in the order of their names, however they are written",
        arguments: [
            "\(form)&sig=\(formSignature)", "sig=\(formSignature)&\(form)", "\(form)&sig=\(formSignature.uppercased())",
            "%74o=4420&\(form.dropFirst(8))&sig=\(formSignature)", "&&\(form)&sig=\(formSignature)&",
        ])
    func valid(body: String) throws {
        #expect(try outcome(body) == "stored")
    }

    @Test(
        "a form with other fields is refused, also if it makes the same text",
        arguments: [
            (form.replacing("a=1&", with: ""), "does not match any secret"),
            (form + "&b=1", "does not match any secret"), (form + "&a=1", "a repeated field"),
            (form + "&a=", "a repeated field"), (form.replacing("a=1", with: "A=1"), "does not match any secret"),
            (form.replacing("c_d", with: "c_e"), "does not match any secret"),
            ("a%3D1%26messageId=m-1&text=a_b+_+c_d&timestamp=1700000000&to=4420", "name contains & or ="),
            ("a=1%26messageId%3Dm-1&text=a_b+_+c_d&timestamp=1700000000&to=4420", "does not match any secret"),
        ])
    func invalid(form: String, reason: String) throws {
        let summary = try outcome("\(form)&sig=\(formSignature)")
        #expect(summary.hasPrefix("refused signature_invalid: ") && summary.contains(reason), "\(summary)")
    }

    @Test("a signature that is missing, empty or repeated is refused")
    func oddSignature() throws {
        #expect(try outcome(form).hasPrefix("refused signature_missing: "))
        #expect(try outcome(form + "&sig=").hasPrefix("refused signature_missing: "))
        for more in ["sig=\(formSignature)&sig=\(formSignature)", "sig=\(formSignature)00", "sig%5B%5D=1"] {
            #expect(try outcome("\(form)&\(more)").hasPrefix("refused signature_"), "\(more)")
        }
        #expect(try outcome("\(form)&sig=\(formSignature)\n").hasPrefix("refused signature_"))
    }

    @Test("what one value may be in place of another is what the sender cannot tell apart either")
    func interchangeable() throws {
        let other = form.replacing("a%26b+%3D+c_d", with: "a_b+%26+c%3Dd")
        #expect(try outcome("\(other)&sig=\(formSignature)") == "stored")
    }
}
