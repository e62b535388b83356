internal import SluiceBase

/// The budget that a job uses, and how much of it. A budget is a pool of tokens on the server; while it is empty, its
/// jobs wait. Servers newer than 0.6; Pro licence.
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
    /// The number of tokens that the job uses; `nil` for one.
    public var cost: UInt32?
    /// Creates the budget if it does not exist. An existing budget does not change.
    public var createWith: BudgetPolicy?

    /// Uses the budget with this name.
    public init(_ key: String, cost: UInt32? = nil, createWith: BudgetPolicy? = nil) {
        self.key = key
        self.cost = cost
        self.createWith = createWith
    }

    /// Uses one token of the budget with this name.
    public init(stringLiteral key: String) { self.init(key) }

    static func option(_ bindings: [BudgetBinding]) throws(ZizqError) -> JobOption {
        var budgets: [JobBudget] = []
        for binding in bindings { budgets.append(try binding.budget) }
        return .budgets(budgets)
    }

    private var budget: JobBudget {
        get throws(ZizqError) {
            guard !key.isEmpty else { throw .invalidArgument("the key of a budget is empty") }
            return JobBudget(key: key, cost: cost.map { Int($0) }, createWith: try createWith?.policy)
        }
    }
}

/// The limits of a budget.
///
/// ```swift
/// let perMinute = BudgetPolicy(allocation: 100, .timeBased(.seconds(60)))
/// let atOnce = BudgetPolicy(allocation: 3, .whileInFlight)
/// ```
public struct BudgetPolicy: Sendable, Hashable {
    /// When tokens become available again.
    public enum Strategy: Sendable, Hashable {
        /// When the job ends: at most as many concurrent jobs as tokens.
        case whileInFlight
        /// At an even rate, however long jobs run. `burst` is the maximum available at once, by default the allocation.
        /// Whole milliseconds.
        case timeBased(Duration, burst: UInt32? = nil)
    }

    /// The number of tokens.
    public var allocation: UInt32
    /// When tokens become available again.
    public var strategy: Strategy

    /// Creates a policy.
    public init(allocation: UInt32, _ strategy: Strategy) {
        self.allocation = allocation
        self.strategy = strategy
    }

    fileprivate var policy: JobBudget.Policy {
        get throws(ZizqError) {
            let strategy: JobBudget.Strategy =
                switch strategy {
                case .whileInFlight: .whileInFlight
                case .timeBased(let duration, let burst):
                    .timeBased(
                        duration: try duration.milliseconds(upTo: .max, "the time of a budget"),
                        burst: burst.map { Int($0) })
                }
            return JobBudget.Policy(allocation: Int(allocation), strategy: strategy)
        }
    }
}
