internal import SluiceJSON

extension KindConstants {
    /// How jobs of the kind are folded together.
    struct Batch {
        var key = ""
        var when = ""
        var fold = ""
    }

    /// What its jobs draw on.
    struct Budget {
        var key = ""
        var cost: Int64?
        /// How the budget is made where there is none.
        var policy: Policy?

        struct Policy {
            var allocation: Int64 = 0
            /// Milliseconds in which tokens come back; `nil` where they do when a job ends.
            var duration: Int64?
            var burst: Int64?
        }
    }

    /// - Parameter json: what the options hold for Zizq, which has been checked.
    static func batch(_ json: [UInt8]) throws(JSONError) -> Batch {
        var batch = Batch()
        var reader = JSONReader(json.span)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "key": batch.key = try reader.readString()
            case "when": batch.when = try reader.readString()
            default: batch.fold = try reader.readString()
            }
        }
        return batch
    }

    /// - Parameter json: likewise.
    static func budgets(_ json: [UInt8]) throws(JSONError) -> [Budget] {
        var budgets: [Budget] = []
        var reader = JSONReader(json.span)
        try reader.beginArray()
        while try reader.nextElement() {
            var budget = Budget()
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "key": budget.key = try reader.readString()
                case "cost": budget.cost = try reader.readInt64()
                default: budget.policy = try policy(&reader)
                }
            }
            budgets.append(budget)
        }
        return budgets
    }

    private static func policy(_ reader: inout JSONReader) throws(JSONError) -> Budget.Policy {
        var policy = Budget.Policy()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "allocation": policy.allocation = try reader.readInt64()
            default: try strategy(&reader, of: &policy)
            }
        }
        return policy
    }

    private static func strategy(_ reader: inout JSONReader, of policy: inout Budget.Policy) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "duration_ms": policy.duration = try reader.readInt64()
            case "burst": policy.burst = try reader.readInt64()
            default: try reader.skipValue()
            }
        }
    }
}

extension KindConstants.Batch {
    /// As TypeScript, Python and JSON write it.
    func written(quoting literal: (String) -> String) -> String {
        #"{ "key": \#(literal(key)), "when": \#(literal(when)), "fold": \#(literal(fold)) }"#
    }
}

extension KindConstants.Budget {
    /// Likewise.
    func written(quoting literal: (String) -> String) -> String {
        var members = [#""key": \#(literal(key))"#]
        if let cost { members.append(#""cost": \#(cost)"#) }
        if let policy { members.append(#""create_with": { "allocation": \#(policy.allocation), "strategy": \#(policy.strategy) }"#) }
        return "{ \(members.joined(separator: ", ")) }"
    }
}

extension KindConstants.Budget.Policy {
    fileprivate var strategy: String {
        guard let duration else { return #"{ "type": "while_in_flight" }"# }
        return #"{ "type": "time_based", "duration_ms": \#(duration)\#(burst.map { ", \"burst\": \($0)" } ?? "") }"#
    }
}
