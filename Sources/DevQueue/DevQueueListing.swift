internal import SluiceBase
internal import SluiceHTTP

/// The reading half of the API: jobs, counts, queues.
enum DevQueueListing {
    static func queues(_ store: DevQueueStore) -> HTTPResponse {
        let names = store.withContents { Set($0.jobs.all.map(\.queue)) }.sorted()
        var body = Array(#"{"queues":["#.utf8)
        for (position, name) in names.enumerated() {
            if position > 0 { body.append(UInt8(ascii: ",")) }
            body.appendJSON(text: name)
        }
        body.append(contentsOf: "]}".utf8)
        return .json(200, body)
    }

    static func job(_ store: DevQueueStore, id: String) -> HTTPResponse {
        guard let id = JobIdentifier(id), let job = store.withContents({ $0.jobs[id] }) else { return .error(404, "job not found") }
        var body: [UInt8] = []
        job.appendJSON(to: &body, as: .whole)
        return .json(200, body)
    }

    static func count(_ store: DevQueueStore, query: Span<UInt8>) -> HTTPResponse {
        do {
            let filter = try JobFilter(QueryParameters(query), allowing: [])
            let count = store.withContents { contents in
                filter.isEmpty ? contents.count : contents.jobs.all.count { filter.matches($0) }
            }
            return .json(200, Array(#"{"count":\#(count)}"#.utf8))
        } catch { return .error(400, error.sentence) }
    }

    static func page(_ store: DevQueueStore, query: Span<UInt8>) -> HTTPResponse {
        do {
            let parameters = QueryParameters(query)
            let filter = try JobFilter(parameters, allowing: JobPage.parameters)
            let page = try JobPage(parameters)
            let cut = store.withContents { page.cut($0.jobs, filter: filter) }
            return .json(200, page.body(cut, parameters: parameters))
        } catch { return .error(400, error.sentence) }
    }
}
