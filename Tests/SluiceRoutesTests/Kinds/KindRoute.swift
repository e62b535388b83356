import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes

/// A file with a kind `k` of this payload type, written in one line, and a route on `/hook` whose only rule makes such
/// jobs.
///
/// - Parameters:
///   - payload: of the rule; without it the rule has none.
///   - line: one more of the route.
func kindRoute(_ type: String, payload: String? = nil, line: String? = nil) -> String {
    var text = "kinds:\n  k:\n    payload: \(type)\nroutes:\n  - path: /hook\n    verify: none\n"
    if let line { text += "    \(line)\n" }
    text += "    jobs:\n      - kind: k\n"
    if let payload { text += "        payload: \(payload)\n" }
    return text
}
