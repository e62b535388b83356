import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// The explanation of a request by the routes of one file.
func explanation(
    _ text: String, _ request: TestRequest, signs: Bool = false, secrets: SecretSupply = .configured,
    environment: [String: String] = ["SECRET": "a secret of tests"],
    sender: PeerAddress? = PeerAddress(ipv4: (192, 0, 2, 7), port: 0)
) throws -> Explanation {
    let compilation = compile([("r.yaml", text)], environment: environment, secrets: secrets)
    #expect(compilation.problems.map(\.description) == [])
    let arrival = RequestArrival(sender: sender, receivedAtMilliseconds: TestRequest.now, deliveryID: "d1")
    return try #require(Explainer(compilation)).explain(request.toSign, arrival, signs: signs)
}

extension TestRequest {
    var toSign: RequestToSign {
        RequestToSign(
            method: method, target: target, headers: headers.map { RequestToSign.Header($0.name, $0.value) }, body: body
        )
    }
}

extension Explanation {
    /// For a person, without colours.
    var text: [String] { lines(hasColours: false) }

    func steps(_ name: String) -> [TraceStep] { steps.filter { $0.name == name } }

    /// The lines that begin with a label.
    func lines(_ label: String) -> [String] { text.filter { $0.hasPrefix(label) } }
}

/// A route on `/hook` that asks for a signature with a timestamp.
let signedRoute = """
    routes:
      - name: signed
        path: /hook
        verify:
          alg: hmac-sha256
          signature_from: ${header.X-Signature}
          signature_prefix: "sha256="
          timestamp_from: ${header.X-Time}
          signed: ${timestamp}.${body}
        secrets: [ { env: SECRET }, { env: OLD } ]
        jobs: [ { type: t } ]

    """
