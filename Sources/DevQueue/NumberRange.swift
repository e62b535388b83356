/// A filter by a number: `N`, `A..B`, `..B` or `A..`, both ends within.
struct NumberRange: Hashable {
    let numbers: ClosedRange<UInt64>

    /// - Parameter name: the parameter, for the refusal.
    init(_ text: String, of name: String) throws(JobRefusal) {
        let bounds = Self.bounds(text)
        guard let bounds else {
            throw JobRefusal(status: 400, sentence: "\(name) must be a number or a range: N, A..B, ..B or A..")
        }
        guard bounds.lower <= bounds.upper else {
            throw JobRefusal(status: 400, sentence: "\(name): the lower bound \(bounds.lower) is above the upper bound \(bounds.upper)")
        }
        numbers = bounds.lower...bounds.upper
    }

    private static func bounds(_ text: String) -> (lower: UInt64, upper: UInt64)? {
        guard let dots = text.firstRange(of: "..") else { return number(text[...]).map { ($0, $0) } }
        let (before, behind) = (text[..<dots.lowerBound], text[dots.upperBound...])
        guard !before.isEmpty || !behind.isEmpty else { return nil }
        guard let lower = before.isEmpty ? 0 : number(before), let upper = behind.isEmpty ? .max : number(behind) else { return nil }
        return (lower, upper)
    }

    private static func number(_ text: Substring) -> UInt64? { text.first == "+" ? nil : UInt64(text) }
}
