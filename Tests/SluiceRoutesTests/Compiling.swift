import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Compiles texts as files; `$` names in `environment` are what secrets may use.
func compile(
    _ files: [(name: String, text: String)], environment: [String: String] = ["SECRET": "a secret of tests"],
    inlineSecrets: Bool = false,
    memory: ByteCount? = nil, secrets: SecretSupply = .configured
) -> RouteCompilation {
    var options = RouteOptions()
    options.memory = memory
    options.secrets = secrets
    options.allowsInlineSecrets = inlineSecrets
    return RouteTable.compile(
        files.map { RouteFile(name: $0.name, bytes: Array($0.text.utf8)) }, secretFiles: SecretFiles(folder: "."),
        environment: environment, options: options)
}

/// The problems of one file `r.yaml`, as a person sees them without the file's name.
func problems(_ text: String, environment: [String: String] = ["SECRET": "a secret of tests"]) -> [String] {
    compile([("r.yaml", text)], environment: environment).problems.map {
        String($0.description.dropFirst("r.yaml:".count))
    }
}

/// The only route of one file, which must be fine.
func route(
    _ text: String, environment: [String: String] = ["SECRET": "a secret of tests"],
    sourceLocation: Testing.SourceLocation = #_sourceLocation
) throws
    -> Route
{
    let compilation = compile([("r.yaml", text)], environment: environment)
    #expect(compilation.problems.map(\.description) == [], sourceLocation: sourceLocation)
    return try #require(compilation.table?.routes.first, sourceLocation: sourceLocation)
}

/// A route on `/hook` without a verifier that makes jobs of type `t`, with more lines of the route and of the rule.
func openRoute(_ lines: String = "", rule: String = "") -> String {
    var text = "routes:\n  - name: open\n    path: /hook\n    verify: none\n"
    for line in lines.split(separator: "\n") { text += "    \(line)\n" }
    text += "    jobs:\n      - type: t\n"
    for line in rule.split(separator: "\n") { text += "        \(line)\n" }
    return text
}
