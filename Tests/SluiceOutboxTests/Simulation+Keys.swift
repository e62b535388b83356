import SluiceBase

@testable import SluiceOutbox

/// What is a duplicate. On the routes of odd keys each body is accepted once, on the others only the first one.
extension Simulation {
    static func rule(of key: Int?) -> ChangedBodyPolicy { (key ?? 0).isMultiple(of: 2) ? .duplicate : .accept }

    /// Mostly the body of before.
    func body(ofRepetition key: Int?) -> Int {
        guard let key else { return next }
        if Self.rule(of: key) == .accept { return chance(60) ? key : 2_000_000 + 3 * key + pick(3) }
        return chance(10) ? 1_000_000 + next : key
    }

    func accept(_ number: Int, _ key: Int?, _ body: Int, _ window: Int64) {
        if let key, let holder = holder(of: body, key), !perhapsForgotten.contains(key) {
            violate("delivery \(number) was accepted although key \(key) holds by \(holder.number)")
        }
        let fate: Fate = number % 4 == 0 ? .discarded : .pending
        accepted[number] = Accepted(
            number: number, key: key, body: body, at: now, window: window, ahead: max(0, clockOffset, startOffset),
            fates: [fate])
        guard let key else { return }
        newest[key] = number
        // Whether it holds together with those before is not known.
        if perhapsForgotten.remove(key) != nil { chains[key] = [] }
        chains[key, default: []].append(number)
    }

    /// The delivery by which a key must hold for a body: its window is not over, or it is the newest and a job of it is
    /// pending, parked or dead.
    private func holder(of body: Int, _ key: Int) -> Accepted? {
        if let holder = newest[key].flatMap({ accepted[$0] }), Self.rule(of: key) == .duplicate || holder.body == body {
            if holder.fates.isSubset(of: Fate.undelivered) { return holder }
        }
        let chain = (chains[key] ?? []).compactMap { accepted[$0] }
        return chain.last { now < $0.at + $0.window && (Self.rule(of: key) == .duplicate || $0.body == body) }
    }

    func repeated(_ key: Int?, _ body: Int, changed: Bool) {
        let rule = Self.rule(of: key)
        let holders = accepted.values.filter { $0.key == key && (rule == .duplicate || $0.body == body) }
        let newest = key.flatMap { self.newest[$0] }
        guard let key, newest != nil, let holder = holders.max(by: { $0.number < $1.number }) else {
            if !isUncertain, !perhapsForgotten.contains(key ?? 0) {
                violate("a duplicate of key \(key ?? 0), which nothing holds")
            }
            return
        }
        if changed != (rule == .duplicate && holder.body != body) {
            violate("key \(key): another body is not told apart")
        }
        // A key holds at least as long as those before it.
        let end = accepted.values.filter { $0.key == key && $0.number <= holder.number }.map {
            $0.at + $0.window + $0.ahead
        }
        let isOver = now > (end.max() ?? 0) + Self.slack
        // While the wall clock is behind, what it says is not over.
        if isOver, clockOffset >= 0, startOffset == 0, holder.fates.isDisjoint(with: Fate.undelivered) {
            violate("key \(key) holds for longer than its window")
        }
    }
}
