/// Connections without a request, the longest idle first, so that one can be closed for a newcomer in constant time.
///
/// An intrusive list over numbered places; state without I/O.
struct IdleList {
    private struct Links {
        var previous = -1
        var next = -1
        var isMember = false
    }

    private var links: [Links] = []
    private var oldest = -1
    private var newest = -1
    private(set) var count = 0

    /// The place that has been idle longest.
    var longestIdle: Int? { oldest >= 0 ? oldest : nil }

    /// Puts a place at the end: idle from now on. A place already in the list moves to the end.
    mutating func append(_ place: Int) {
        remove(place)
        while links.count <= place { links.append(Links()) }
        links[place] = Links(previous: newest, next: -1, isMember: true)
        if newest >= 0 { links[newest].next = place } else { oldest = place }
        newest = place
        count += 1
    }

    /// Takes a place out, if it is in.
    mutating func remove(_ place: Int) {
        guard place < links.count, links[place].isMember else { return }
        let (previous, next) = (links[place].previous, links[place].next)
        if previous >= 0 { links[previous].next = next } else { oldest = next }
        if next >= 0 { links[next].previous = previous } else { newest = previous }
        links[place] = Links()
        count -= 1
    }
}
