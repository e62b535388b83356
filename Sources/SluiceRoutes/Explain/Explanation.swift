package import SluiceBase

/// What a route table makes of one request, step by step in the order of the gateway, and why. The first step that
/// refuses is the last one.
package struct Explanation: Sendable {
    /// The request in short.
    package struct Request: Sendable, Hashable {
        package internal(set) var method = ""
        /// As it was sent, percent-encoded.
        package internal(set) var target = ""
        /// As received, before gzip.
        package internal(set) var bodyBytes = 0
        /// `nil` for a request of the past, whose sender nobody knows any more.
        package internal(set) var sender: PeerAddress?
        /// Since 1970.
        package internal(set) var receivedAtMilliseconds: Int64 = 0
        package internal(set) var deliveryID = ""
        /// The headers that were added to sign it.
        package internal(set) var addedHeaders: [RequestToSign.Header] = []
    }

    /// The route that the path leads to.
    package struct FoundRoute: Sendable, Hashable {
        package let name: String
        package let path: String
        package let place: String
        /// In the order of the path, decoded.
        package let parameters: [Parameter]

        package struct Parameter: Sendable, Hashable {
            package let name: String
            package let value: String
        }
    }

    /// Why a path leads nowhere.
    package struct LostPath: Sendable, Hashable {
        /// Whether two readers could understand it differently, so that it leads nowhere whatever routes there are.
        package let isUnclear: Bool
        /// The nearest paths of the table first.
        package let suggestions: [String]
        /// How many routes the table has.
        package let routes: Int
    }

    /// One thing that a request is asked before its signature.
    package struct Check: Sendable, Hashable {
        /// The key of the route that says so: `allow_from`, `methods`, `content_types`, `gzip`, `body_limit`.
        package let name: String
        /// Where it is said; the place of its provider, or the route's own, where that is a default.
        package let place: String
        package let asked: String
        package let found: String
        package let refusal: ErrorCode?
    }

    /// What the signature came to.
    package enum Verdict: String, Sendable, Hashable {
        case verified
        /// `verify: none`
        case notVerified = "not_verified"
        case refused
        /// The gateway verified it when it was received; its credentials were not kept.
        case verifiedBefore = "verified_before"
        /// It matches none of the secrets that are here, and some are not here.
        case unknown
    }

    /// How a request came by its signature.
    package enum Signing: Sendable, Hashable {
        case asItCame
        /// With the first secret of the route.
        case signedHere
        /// It cannot be signed; a sentence.
        case obstacle(String)
    }

    /// How its signature was verified.
    package struct Verification: Sendable, Hashable {
        package let place: String
        package let secretsPlace: String
        package internal(set) var verdict: Verdict
        package let signing: Signing
        /// `nil` for a request of the past.
        package let account: VerificationAccount?
    }

    /// What became of a delivery that the gateway has stored.
    package struct Fate: Sendable, Hashable {
        /// The name of the route that it came by.
        package let route: String
        /// A line a job, and one a dead letter.
        package let lines: [String]

        package init(route: String, lines: [String]) {
            self.route = route
            self.lines = lines
        }
    }

    package internal(set) var request = Request()
    /// Remarks about how the request was made.
    package internal(set) var notes: [String] = []
    package internal(set) var route: FoundRoute?
    /// In place of the route.
    package internal(set) var lostPath: LostPath?
    package internal(set) var checks: [Check] = []
    package internal(set) var verification: Verification?
    /// What the route takes in a time, which is not counted here.
    package internal(set) var rate: (limit: RateLimit, place: String)?
    /// `nil` where it was refused before its body was read.
    package internal(set) var delivery: DeliveryAccount?
    /// What the gateway would do, were the delivery the first of its key.
    package internal(set) var outcome = RouteOutcome.refused(.noSuchRoute, reason: ErrorCode.noSuchRoute.title)
    package internal(set) var fate: Fate?
    /// Where `reply` stands; `nil` for a route without one.
    var replyPlace: String?

    /// Why it would be refused; `nil` where it would be taken.
    package var refusal: ErrorCode? { if case .refused(let code, _) = outcome { code } else { nil } }

    /// What the gateway would answer.
    package var status: Int { Rehearsal(outcome).status }
}
