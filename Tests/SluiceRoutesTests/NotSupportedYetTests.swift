import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// What the language has and this version does not read is refused as such, at its place.
@Suite(.serialized) struct NotSupportedYetTests {
    @Test(
        "an algorithm", arguments: ["ed25519", "ecdsa-p256-sha256", "rsa-sha256", "static", "basic"])
    func algorithms(name: String) {
        let text =
            "routes:\n- path: /a\n  provider: github\n  verify: {alg: \(name)}\n  secrets: [{env: SECRET}]\n  jobs: "
            + "[{type: t}]\n"
        #expect(problems(text) == ["4:17: 'alg': '\(name)' is not supported yet"])
    }

    @Test("'match: first', which is the default, is read")
    func matchFirst() {
        #expect(problems(openRoute("match: first")) == [])
    }
}
