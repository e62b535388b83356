internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

extension RouteReader {
    /// The limits of the route's quarantine; `nil` without one.
    func quarantine(_ verifier: Verifier, hasKey: Bool) -> QuarantineLimits? {
        guard let entry = reader.entry(\.quarantine), let limits = limits(entry.value) else { return nil }
        guard isVerified else {
            context.error(entry.position, "'quarantine' has no effect with 'verify: none', which refuses no signature")
            return nil
        }
        guard verifier.hasSecrets else {
            context.error(
                entry.position, "'quarantine' has no effect: the route fetches every key, so no secret can be added")
            return nil
        }
        if !hasKey {
            context.warning(
                entry.position,
                "the route has 'quarantine' and no 'unique_key': a webhook that the sender repeated becomes several "
                    + "jobs when 'sluice quarantine verify' finds its attempts valid")
        }
        return limits
    }

    private func limits(_ node: YAMLNode) -> QuarantineLimits? {
        guard case .mapping = node.content else {
            return context.boolean(node, "'quarantine'") == true ? QuarantineLimits() : nil
        }
        guard let keys = MappingReader(node, RouteLanguage.quarantine, in: context) else { return nil }
        var limits = QuarantineLimits()
        limits.maxRequests = keys.read(\.maxRequests)
        limits.maxBytes = keys.read(\.maxBytes)
        limits.maxPerAddress = keys.read(\.maxPerAddress)
        limits.keep = keys.read(\.keep)
        return limits
    }
}
