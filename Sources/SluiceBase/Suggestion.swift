/// "Did you mean …?" for misspelt keys, names and references.
package enum Suggestion {
    /// The candidate nearest to `word` by edits (insert, delete, replace, swap of neighbours), if it is near enough to be meant.
    ///
    /// Near enough is one edit for words up to four letters, two up to eight, three beyond. Of equally near ones the first in
    /// alphabetical order, so that messages are the same in each run.
    package static func closest(to word: String, among candidates: some Sequence<String>) -> String? {
        let allowed = word.count <= 4 ? 1 : word.count <= 8 ? 2 : 3
        var best: (distance: Int, candidate: String)?
        for candidate in candidates where candidate != word && abs(candidate.count - word.count) <= allowed {
            let distance = distance(Array(word.lowercased()), Array(candidate.lowercased()))
            guard distance <= allowed else { continue }
            if let known = best, (known.distance, known.candidate) <= (distance, candidate) { continue }
            best = (distance, candidate)
        }
        return best?.candidate
    }

    /// ` did you mean 'queue'?` with what leads up to it, or nothing: for the end of a message.
    package static func phrase(for word: String, among candidates: some Sequence<String>) -> String {
        closest(to: word, among: candidates).map { "; did you mean '\($0)'?" } ?? ""
    }

    /// Optimal string alignment distance: each pair of neighbours may be swapped once.
    private static func distance(_ one: [Character], _ other: [Character]) -> Int {
        var before: [Int] = []
        var above = Array(0...other.count)
        for i in 0..<one.count {
            var row = [i + 1]
            for j in 0..<other.count {
                var cost = min(above[j + 1] + 1, row[j] + 1, above[j] + (one[i] == other[j] ? 0 : 1))
                if i > 0, j > 0, one[i] == other[j - 1], one[i - 1] == other[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
            before = above
            above = row
        }
        return above[other.count]
    }
}
