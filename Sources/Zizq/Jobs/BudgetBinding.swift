internal import SluiceBase

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
