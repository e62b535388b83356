import Testing
import Zizq

@Suite struct ZizqErrorTests {
    private static func response(_ status: Int, _ text: String? = nil) -> ZizqError {
        .response(.init(status: status, serverText: text))
    }

    @Test(
        "each error tells whether to retry and whether the request may have been processed",
        arguments: [
            (.transport(.init(requestBodyMayHaveBeenProcessed: false, message: "")), true, false),
            (.transport(.init(requestBodyMayHaveBeenProcessed: true, message: "")), true, true),
            (response(400), false, false), (response(301), false, false), (response(408), true, false),
            (response(429), true, false),
            (response(500), true, true), (response(502), true, true), (response(503), true, true),
            (response(599), true, true),
            (.decoding(.init(status: 200, message: "")), false, true), (.invalidArgument(""), false, false),
        ] as [(ZizqError, Bool, Bool)])
    func classifies(error: ZizqError, isRetryable: Bool, isAmbiguous: Bool) {
        #expect(error.isRetryable == isRetryable)
        #expect(error.isAmbiguous == isAmbiguous)
    }

    @Test(
        "only Zizq's own 403 speaks of a licence",
        arguments: [
            (response(403, "unique jobs requires a pro license"), .uniqueJobs),
            (response(403, "batched jobs requires a pro license"), .batchedJobs),
            (response(403, "forbidden"), nil), (response(403), nil),
            (response(400, "unique jobs requires a pro license"), nil),
        ] as [(ZizqError, LicensedFeature?)])
    func knowsLicence(error: ZizqError, feature: LicensedFeature?) {
        #expect(error.licensedFeature == feature)
        #expect(error.isLicence == (feature != nil))
    }

    @Test("an error is one sentence with what the server said")
    func describes() {
        #expect("\(Self.response(400, "type must not be empty"))" == "the server answered 400: type must not be empty")
        #expect("\(Self.response(502))" == "the answer 502 does not come from Zizq")
        #expect("\(ZizqError.invalidArgument("no"))" == "no")
        #expect("\(Self.response(401, "bad\u{1B}[31m\n"))" == "the server answered 401: bad\\u{1b}[31m\\u{a}")
    }
}
