/// Where a secret came from.
package enum SecretSource: Sendable, Hashable, CustomStringConvertible {
    /// The environment variable of this name.
    case environment(String)
    /// The file at this path, as the route file writes it.
    case file(String)
    /// The route file itself.
    case inline
    /// Made up when the route was compiled, in the place of one that was not looked for.
    case throwAway
    /// Handed over for one trial.
    case given

    /// `env NAME`, `file PATH`, `inline`, `throw-away`, `given`; never the secret.
    package var description: String {
        switch self {
        case .environment(let name): "env \(name)"
        case .file(let path): "file \(path)"
        case .inline: "inline"
        case .throwAway: "throw-away"
        case .given: "given"
        }
    }
}

/// Where a compilation takes the secrets of its routes from.
package enum SecretSupply: Sendable, Hashable {
    /// From where the route files say; what is not there is a problem.
    case configured
    /// From a generator: the table can sign and verify requests of its own, and no variable and no file is looked at. For examples; never to
    /// be served from.
    case throwAway
}
