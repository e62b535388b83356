internal import SluiceBase

/// Headers that are never stored with a dead letter and never handed to a job by `${headers}`.
enum CredentialHeaders {
    private static let everywhere: Set<HeaderName> = ["authorization", "cookie", "proxy-authorization"]

    static func of(_ verifier: Verifier, _ preset: ProviderPreset?) -> Set<HeaderName> {
        everywhere.union(verifier.credentialHeaders).union(preset?.credentialHeaders ?? [])
    }
}
