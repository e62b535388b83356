import SluiceBase
import SluiceHTTP
import Testing

@testable import DevQueue

/// Filters and pages.
@Suite struct ListingTests {
    private let queue = QueueUnderTest()

    private func count(_ query: String) throws -> String { try queue.answer("GET", "/jobs/count?" + query).line }

    @Test("numbers are filtered by ranges whose ends are within, texts by lists, and all that is said must fit")
    func filters() throws {
        let now = queue.store.now()
        _ = try queue.bulk(
            (1...9).map {
                job(#""priority":\#($0),"ready_at":\#(now + UInt64($0))"#, type: "t\($0 % 2)", queue: "q\($0 % 3)")
            })
        let id = queue.store.jobs[0].id.text
        let rows = [
            ("priority=3", 1), ("priority=3..5", 3), ("priority=..5", 5), ("priority=5..", 5), ("priority=3..3", 1),
            ("priority=10..", 0),
            ("ready_at=..\(now + 2)", 2), ("attempts=0", 9), ("attempts=1..", 0), ("status=scheduled,ready", 9),
            ("status=dead", 0),
            ("queue=q0,q1", 6), ("type=t1", 5), ("type=t1&queue=q0", 2), ("id=\(id)", 1), ("id=\(id),x&type=t0", 0),
            ("", 9),
        ]
        for (query, expected) in rows { #expect(try count(query) == #"200 {"count":\#(expected)}"#, "\(query)") }
    }

    @Test(
        "a filter that is wrong or unknown is refused",
        arguments: [
            ("priority=5..3", "priority: the lower bound 5 is above the upper bound 3"),
            ("attempts=x", "attempts must be a number or a range: N, A..B, ..B or A.."),
            ("ready_at=..", "ready_at must be a number or a range: N, A..B, ..B or A.."),
            ("priority=-1", "priority must be a number or a range: N, A..B, ..B or A.."),
            ("priority=1..2..3", "priority must be a number or a range: N, A..B, ..B or A.."),
            ("filter=.a", "filter needs jq, which the development queue does not have"),
            ("colour=red", "unknown filter: colour"),
        ])
    func refuses(query: String, sentence: String) throws {
        #expect(try count(query) == #"400 {"error":"\#(sentence)"}"#)
        #expect(try queue.answer("GET", "/jobs?" + query).line == #"400 {"error":"\#(sentence)"}"#)
    }

    /// The link of this name in a page.
    private func link(_ name: String, _ page: String) -> String? {
        guard let start = page.firstRange(of: #""\#(name)":""#) else { return nil }
        return String(page[start.upperBound...].prefix { $0 != "\"" })
    }

    private func types(_ page: String) -> [String] {
        page.split(separator: #""type":""#).dropFirst().map { String($0.prefix { $0 != "\"" }) }
    }

    @Test("the links lead through all pages and back, in both orders and past filters", arguments: ["asc", "desc"])
    func links(order: String) throws {
        _ = try queue.bulk((0..<14).map { job(type: "t\($0)", queue: $0 % 2 == 0 ? "q" : "other") })
        var all = (0..<7).map { "t\($0 * 2)" }
        if order == "desc" { all.reverse() }
        var pages: [[String]] = []
        var next: String? = "/jobs?queue=q&limit=3&order=\(order)"
        var last = ""
        while let target = next {
            last = try queue.answer("GET", target).text
            pages.append(types(last))
            next = link("next", last)
        }
        #expect(pages == [Array(all[0..<3]), Array(all[3..<6]), Array(all[6...])])
        let second = try queue.answer("GET", #require(link("prev", last))).text
        #expect(types(second) == pages[1])
        #expect(try types(queue.answer("GET", #require(link("next", second))).text) == pages[2])
        let first = try queue.answer("GET", #require(link("prev", second))).text
        #expect(types(first) == pages[0])
        #expect(link("prev", first) == nil)
        #expect(try types(queue.answer("GET", #require(link("self", second))).text) == pages[1])
    }

    @Test("a heap returns the lowest value first", arguments: 0..<4 as Range<UInt64>)
    func heap(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let numbers = (0..<500).map { _ in Int.random(in: 0..<100, using: &random) }
        var heap = JobHeap()
        for number in numbers { heap.insert(JobPosition(rank: UInt64(number), id: JobIdentifier(value: 0))) }
        #expect((0..<500).map { _ in heap.popFirst().map { Int($0.rank) } } == numbers.sorted())
        #expect(heap.popFirst() == nil)
    }
}
