package import SluiceBase

/// What a route made of a verified delivery, step by step.
package struct DeliveryAccount: Sendable {
    /// The body, and how it was read.
    package struct Body: Sendable, Hashable {
        /// What `body` says: `auto`, `json`, …, or `lines` with `each: lines`.
        package internal(set) var declared = ""
        /// The header, as received.
        package internal(set) var contentType: String?
        /// Its size once gzip was undone; `nil` where none was.
        package internal(set) var inflatedBytes: Int?
        /// `nil` where it could not be read.
        package internal(set) var form: String?
        /// Why it could not be read.
        package internal(set) var problem: String?
        /// Where it is said how it is read.
        package internal(set) var place = ""
    }

    /// A text of the route with its result.
    package struct Rendered: Sendable, Hashable {
        /// As it is written.
        package let written: String
        /// `nil` where what it needs is absent, null or blank.
        package let value: String?
        package let place: String
    }

    /// A unique key.
    package struct Key: Sendable, Hashable {
        package let parts: [Rendered]
        /// As Zizq gets it for the delivery; `nil` where it is missing and nothing takes its place.
        package let text: String?
        /// Whether all parts are there.
        package let isWhole: Bool
        /// What `unique_key_missing` says.
        package let ifMissing: MissingKeyPolicy
        package let place: String
        /// Where `ifMissing` is said.
        package let policyPlace: String
    }

    /// What `each` found.
    package struct Each: Sendable, Hashable {
        package let written: String
        package let count: Int
        package let place: String
    }

    /// One rule, and whether it matches.
    package struct Rule: Sendable, Hashable {
        /// Counted from 1.
        package let number: Int
        package let place: String
        /// `kind deploy_branch`, `type github_event`, `ignore`.
        package let makes: String
        package let conditions: [ConditionExplanation]
        package let holds: Bool
        /// Whether the gateway looks at it; not once another has matched first.
        package let isReached: Bool
    }

    /// What a rule made.
    package struct Made: Sendable {
        /// Counted from 1.
        package let rule: Int
        /// Where the kind is declared that the payload is held against.
        package let kindPlace: String?
        package let result: Result
        /// What `on_mismatch` says, and where.
        package let onMismatch: MismatchPolicy
        package let policyPlace: String

        package enum Result: Sendable {
            case job(Job)
            case problem(DeadLetterReason, detail: String)
        }
    }

    /// A delivery, or one element of it, on its way through the rules.
    package struct Element: Sendable {
        /// Counted from 1; `nil` without `each`.
        package let number: Int?
        package let rules: [Rule]
        /// What `otherwise` says and where, if no rule matches.
        package let otherwise: (policy: OtherwisePolicy, place: String)?
        package internal(set) var key: Key?
        package internal(set) var made: [Made] = []
    }

    package internal(set) var body = Body()
    /// `nil` where the route has none.
    package internal(set) var event: Rendered?
    package internal(set) var each: Each?
    /// Of the whole delivery; `nil` where each element has its own, where the route has none, and where it was not
    /// asked for.
    package internal(set) var key: Key?
    /// The first ones, without `each` one.
    package internal(set) var elements: [Element] = []
    /// All that went through the rules, also those that are not in `elements`.
    package internal(set) var elementCount = 0
}
