internal import SluiceYAML

/// Where a route and what it says stand in its file, and how it is written there, for people who ask why. A class, so
/// that routes stay small: serving reads none of it.
final class RouteOrigin: Sendable {
    /// The route itself.
    let place: Place
    /// `event` as it is written, or as the provider brings it.
    let event: String?
    /// The parts of `unique_key` likewise; empty where there is none.
    let uniqueKey: [String]
    /// The keys that the route has.
    private let places: [(key: String, position: YAMLPosition)]

    init(_ reader: MappingReader, _ preset: ProviderPreset?) {
        place = reader.context.place(reader.position)
        event = reader.node("event").flatMap(\.scalar)?.text ?? preset?.event
        switch reader.node("unique_key")?.content {
        case .scalar(let scalar): uniqueKey = [scalar.text]
        case .sequence(let parts): uniqueKey = parts.map { $0.scalar?.text ?? "" }
        case .mapping, nil: uniqueKey = preset.map { ["${header.\($0.uniqueKeyHeader)}"] } ?? []
        }
        places = reader.places
    }

    /// What a provider speaks for where the route is silent.
    private static let ofProvider: Set<String> = ["verify", "secrets", "unique_key", "event", "body", "body_limit"]

    /// Where the first of these keys stands that the route has, file, line and column; else where the provider is named
    /// that speaks for it, or the route.
    func place(of keys: String...) -> String {
        let isOfProvider = keys.contains(where: Self.ofProvider.contains)
        let written = (isOfProvider ? keys + ["provider"] : keys).lazy.compactMap { self.writtenPlace(of: $0) }.first
        return written ?? place.description
    }

    /// Where a key stands; `nil` where the route does not have it.
    func writtenPlace(of key: String) -> String? {
        places.first { $0.key == key }.map { Place(file: place.file, position: $0.position).description }
    }
}
