internal import SluiceBase
internal import SluiceJSON

/// Which budget a job draws on, and how much. A budget is a pool of tokens on the server that holds jobs back while it
/// is empty. Servers newer than 0.6; Pro licence.
///
/// ```swift
/// struct ChargeCard: JobKind {
///     static let name = "charge_card"
///     static let budgets: [BudgetBinding] = ["stripe", BudgetBinding("audit", cost: 2)]
///     var invoice: String
/// }
/// ```
public struct BudgetBinding: Sendable, Hashable, ExpressibleByStringLiteral {
    /// The budget's name.
    public var key: String
    /// How many tokens the job takes; nil for one.
    public var cost: UInt32?
    /// Makes the budget along with the job where there is none of this name; one that is there stays as it is.
    public var createWith: BudgetPolicy?

    /// Draws on the budget of this name.
    public init(_ key: String, cost: UInt32? = nil, createWith: BudgetPolicy? = nil) {
        self.key = key
        self.cost = cost
        self.createWith = createWith
    }

    /// Draws one token on the budget of this name.
    public init(stringLiteral key: String) { self.init(key) }

    static func append(_ bindings: [BudgetBinding], to bytes: inout [UInt8]) throws(ZizqError) {
        bytes.appendStatic(#","budgets":["#)
        for (position, binding) in bindings.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            try binding.append(to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private func append(to bytes: inout [UInt8]) throws(ZizqError) {
        guard !key.isEmpty else { throw .invalidArgument("the key of a budget is empty") }
        bytes.appendStatic(#"{"key":"#)
        bytes.appendJSONString(key)
        if let cost {
            bytes.appendStatic(#","cost":"#)
            bytes.appendJSONInteger(Int64(cost))
        }
        if let createWith { try createWith.append(to: &bytes) }
        bytes.append(UInt8(ascii: "}"))
    }
}

/// What a budget allows.
///
/// ```swift
/// let perMinute = BudgetPolicy(allocation: 100, .timeBased(.seconds(60)))
/// let atOnce = BudgetPolicy(allocation: 3, .whileInFlight)
/// ```
public struct BudgetPolicy: Sendable, Hashable {
    /// When tokens come back.
    public enum Strategy: Sendable, Hashable {
        /// When the job has ended: as many jobs at once as there are tokens.
        case whileInFlight
        /// Evenly over a time, however long the jobs run; `burst` is how many may be there at once, as many as the
        /// allocation unless given. Whole milliseconds.
        case timeBased(Duration, burst: UInt32? = nil)
    }

    /// How many tokens there are.
    public var allocation: UInt32
    /// When tokens come back.
    public var strategy: Strategy

    /// So many tokens by this strategy.
    public init(allocation: UInt32, _ strategy: Strategy) {
        self.allocation = allocation
        self.strategy = strategy
    }

    fileprivate func append(to bytes: inout [UInt8]) throws(ZizqError) {
        bytes.appendStatic(#","create_with":{"allocation":"#)
        bytes.appendJSONInteger(Int64(allocation))
        switch strategy {
        case .whileInFlight: bytes.appendStatic(#","strategy":{"type":"while_in_flight""#)
        case .timeBased(let duration, let burst):
            bytes.appendStatic(#","strategy":{"type":"time_based","duration_ms":"#)
            bytes.appendJSONInteger(try duration.milliseconds(upTo: .max, "the time of a budget"))
            if let burst {
                bytes.appendStatic(#","burst":"#)
                bytes.appendJSONInteger(Int64(burst))
            }
        }
        bytes.append(contentsOf: "}}".utf8)
    }
}
