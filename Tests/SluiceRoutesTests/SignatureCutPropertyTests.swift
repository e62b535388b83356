import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Signed texts are cut at random into other requests: at most one of them passes.
@Suite(.serialized) struct SignatureCutPropertyTests {
    private static let secret = "a secret of tests"

    @Test(
        "of all requests with one signed text at most one passes, for random schemes that check accepts",
        arguments: 0..<40)
    func random(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var passed = 0
        var cuts = 0
        // Some of the schemes are refused by check, and some of their requests at run time.
        for _ in 0..<12 {
            let scheme = CutScheme(&random)
            let compilation = compile([("r.yaml", scheme.file)])
            guard let route = compilation.table?.routes.first else {
                #expect(
                    compilation.problems.allSatisfy { $0.message.contains("without a clear boundary") },
                    "\(scheme.file)")
                continue
            }
            for _ in 0..<8 {
                let tried = try attack(scheme, route, &random)
                passed += tried.passed
                cuts += tried.cuts
            }
        }
        #expect(passed >= 5 && cuts >= 50, "too little was tried: \(passed) requests, \(cuts) other cuts")
    }

    private func attack(_ scheme: CutScheme, _ route: Route, _ random: inout SeededRandom) throws -> (
        passed: Int, cuts: Int
    ) {
        let text = scheme.cut.text(scheme.values(&random))
        let digest = ("X-Signature", signature(Array(text.utf8), Self.secret))
        var valid: SignedCut.Values?
        var cuts = 0
        for _ in 0..<60 {
            guard let values = scheme.cut.values(of: text, &random),
                let request = scheme.cut.request(values, signature: digest)
            else {
                continue
            }
            cuts += 1
            guard request.passes(route) else { continue }
            #expect(valid == nil || valid == values, "\(scheme.file) \(String(describing: valid)) \(values)")
            valid = values
        }
        return (valid == nil ? 0 : 1, cuts)
    }

    /// `signed` of the files in `routes/`, with the fields of `verify` around it.
    @Test("the same for each signed text of the shipped route files", arguments: ShippedScheme.all)
    func shipped(scheme: ShippedScheme) throws {
        #expect(ShippedScheme.all.count == 7, "a signed text of the shipped files was not found")
        var random = SeededRandom(seed: 7)
        let cut = CutScheme(signed: scheme.signed, format: scheme.format)
        let route = try route(cut.file)
        for _ in 0..<60 { _ = try attack(cut, route, &random) }
    }
}

/// A scheme whose values come from headers, the query and the body.
struct CutScheme {
    let cut: SignedCut
    let file: String
    private let format: String

    init(_ random: inout SeededRandom) {
        let target = ["${query.q}", "${url}"].randomElement(using: &random) ?? ""
        var parts = ["${body}", "${id}", "${timestamp}", "${header.X-More}", target, "${method}"].shuffled(
            using: &random)
        parts = Array(parts.prefix(Int.random(in: 1...4, using: &random)))
        let separators = ["", "", ".", ":", "|", "..", ".:"]
        var signed = ["", "", "v0:", "."].randomElement(using: &random) ?? ""
        for (index, part) in parts.enumerated() {
            signed += (index == 0 ? "" : separators.randomElement(using: &random) ?? "") + part
        }
        let patterns = [nil, nil, "[0-9a-f.]{4}", "[A-Za-z0-9.:|_-]{1,64}"]
        if Int.random(in: 0..<6, using: &random) == 0 {
            // Schemes of providers, which chance seldom makes.
            signed =
                ["${method}${url}${body}${timestamp}", "${url}${body}", "${body}${url}"].randomElement(using: &random)
                ?? signed
        }
        self.init(
            signed: signed, format: ["unix", "unix_ms", "rfc3339"].randomElement(using: &random) ?? "unix",
            idPattern: patterns.randomElement(using: &random) ?? nil)
    }

    init(signed: String, format: String, idPattern: String? = nil) {
        cut = SignedCut(signed)
        self.format = format
        let lines = SignedScheme.lines(
            for: signed, format: format, idPattern: signed.contains("${id}") ? idPattern : nil)
        let tolerance = signed.contains("${timestamp}") ? ", tolerance: 0" : ""
        file =
            "routes:\n- path: /hook\n  public_url: https://example.com\n  methods: [POST, PUT]\n  body: bytes\n  "
            + "verify: { alg: hmac-sha256, signature_from: '${header.X-Signature}', signed: '\(signed)'"
            + "\(lines)\(tolerance) }\n  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
    }

    /// Values in which separators, times and ids stand where they could be taken for the scheme's own.
    func values(_ random: inout SeededRandom) -> SignedCut.Values {
        let times =
            format == "rfc3339"
            ? ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.5+01:00"] : ["1700000000", "1700000000000", "170"]
        func pick(_ texts: [String]) -> String { texts.randomElement(using: &random) ?? "" }
        func words(_ count: ClosedRange<Int>) -> String {
            (0..<Int.random(in: count, using: &random)).map { _ in
                pick([".", ":", "|", "v0:", "..", "00ff", "a", "{", "}", "[1]", "-", "m1"] + times)
            }.joined()
        }
        return [
            "method": pick(SignedCut.methods),
            "url": "https://example.com/hook" + pick(["", "?", "?x="]) + words(0...2),
            "id": pick(["00ff", "m1", "a-b", "00f0"] + [words(1...3)]), "timestamp": pick(times),
            "header.X-More": words(0...4), "query.q": words(0...4),
            "body": pick(["{", "", "["]) + words(0...8) + pick(["}", "", "]"]),
        ]
    }
}

/// A signed text of a shipped route file.
struct ShippedScheme: CustomTestStringConvertible {
    let signed: String
    let format: String
    let testDescription: String

    /// Empty where the files cannot be read.
    static let all = (try? found()) ?? []

    private static func found() throws -> [ShippedScheme] {
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/routes"
        return try RouteFiles.read(folder: folder).flatMap { file in
            let text = String(decoding: file.bytes, as: UTF8.self)
            let format =
                text.contains("timestamp_format: rfc3339") ? "rfc3339" : text.contains("unix_ms") ? "unix_ms" : "unix"
            let texts = text.split(separator: "\n").compactMap { line -> String? in
                guard let start = line.firstRange(of: "signed: ")?.upperBound, line.contains("${"),
                    !line.contains("#  ")
                else {
                    return nil
                }
                let value = line[start...].split(separator: "  #")[0]
                return value.trimmingPrefix("\"").split(separator: "\"").first.map(String.init)
            }
            return texts.map { ShippedScheme(signed: $0, format: format, testDescription: "\(file.name): \($0)") }
        }
    }
}
