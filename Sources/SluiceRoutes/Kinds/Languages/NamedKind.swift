internal import SluiceBase

/// A kind with the name that its payload's type has, in each language the same.
struct NamedKind {
    let name: String
    let typeName: String
    let constants: KindConstants
    /// `any` where the kind does not say.
    let payload: PayloadType

    /// `the type 'deploy_branch', on the queue 'deploys'`, on one line, in quotes of the caller.
    func subject(quote: String) -> String {
        let (name, queue) = (PrintableText.escape(name), PrintableText.escape(constants.queue))
        return "the type \(quote)\(name)\(quote), on the queue \(quote)\(queue)\(quote)"
    }

    /// The fields of the payload, where it is an object that must be there; other payloads are wrapped by their type.
    var fields: PayloadFields? {
        if case .fields(let fields) = payload.shape { fields } else { nil }
    }

    static func all(_ kinds: [JobKind]) throws(KindNameClash) -> [NamedKind] {
        let named = kinds.map { kind in
            NamedKind(
                name: kind.name, typeName: TypeName.ofKind(kind.name), constants: KindConstants(kind.options),
                payload: kind.payload ?? PayloadType(shape: .any, isOptional: false))
        }
        var problems: [RouteProblem] = []
        var first: [String: JobKind] = [:]
        for (kind, named) in zip(kinds, named) {
            if let other = first[named.typeName] {
                let names = "'\(PrintableText.escape(other.name))' and '\(PrintableText.escape(kind.name))'"
                problems.append(
                    kind.place.problem(.error, "the kinds \(names) would both be the type \(named.typeName); rename one of them"))
            }
            first[named.typeName] = first[named.typeName] ?? kind
        }
        guard problems.isEmpty else { throw KindNameClash(problems: problems.sorted()) }
        return named
    }
}
