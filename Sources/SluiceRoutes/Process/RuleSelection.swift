/// Which rules apply to a delivery, or to an element of it; counted from 0.
enum RuleSelection {
    case rule(Int)
    case rules([Int])
    /// The first that matches says `ignore`, or all that do.
    case ignored(Int)
    case nothing
}
