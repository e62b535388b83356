internal import SluiceRouteFiles
internal import SluiceRoutes

/// Route files as large as they come.
enum TableText {
    /// What the paths of a table are like.
    enum Path: String, CaseIterable {
        case exact = "exact paths"
        case parameters = "paths with parameters"

        func written(_ number: Int) -> String {
            switch self {
            case .exact: "/hooks/team-\(number % 100)/service-\(number)"
            case .parameters: "/hooks/service-\(number)/{tenant}/in"
            }
        }

        func request(_ number: Int) -> String {
            switch self {
            case .exact: written(number)
            case .parameters: "/hooks/service-\(number)/acme/in"
            }
        }
    }

    /// A hundred routes a file.
    static func files(routes: Int, _ path: Path = .exact) -> [RouteFile] {
        stride(from: 0, to: routes, by: 100).map { first in
            let routes = (first..<min(first + 100, routes)).map { route($0, path) }
            return RouteFile(name: "routes/\(first).yaml", bytes: Array(("routes:\n" + routes.joined()).utf8))
        }
    }

    static func file(_ text: String) -> RouteFile { RouteFile(name: "routes/one.yaml", bytes: Array(text.utf8)) }

    private static func route(_ number: Int, _ path: Path) -> String {
        """
          - name: service-\(number)
            path: \(path.written(number))
            provider: github
            secrets: [ { env: SECRET } ]
            jobs: [ { type: pushed, payload: "${body.after}" } ]

        """
    }
}
