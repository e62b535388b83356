import Synchronization

/// What became of the deliveries of a load, by their numbers.
final class LoadResult: Sendable {
    private let statuses = Mutex<[Int: [Int]]>([:])

    func note(_ number: Int, _ status: Int) { statuses.withLock { $0[number, default: []].append(status) } }

    /// The deliveries that were answered with this status at least once.
    func numbers(_ status: Int) -> Set<Int> { statuses.withLock { Set($0.filter { $0.value.contains(status) }.keys) } }

    /// How many were answered.
    var count: Int { statuses.withLock { $0.count } }
}

extension GatewayUnderTest {
    /// Sends numbered deliveries over so many keep-alive connections at once.
    ///
    /// - Parameters:
    ///   - padding: more bytes in each body.
    ///   - whenAnswered: called after each answer with how many there are by now.
    /// - Returns: what was answered. A connection that breaks off leaves the rest of its deliveries out.
    @discardableResult
    func load(
        _ numbers: ClosedRange<Int>, clients: Int, padding: Int = 0, whenAnswered: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> LoadResult {
        let result = LoadResult()
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<clients {
                group.addTask {
                    try? await blocking { [self] in
                        let wire = try connect()
                        for number in stride(from: numbers.lowerBound + client, through: numbers.upperBound, by: clients) {
                            try wire.send(Webhook.numbered(number, padding: padding).bytes)
                            let answer = try wire.nextAnswer(until: .now + .seconds(30))
                            result.note(number, answer.status)
                            whenAnswered(result.count)
                            if answer[header: "connection"] == "close" { return }
                        }
                    }
                }
            }
        }
        return result
    }
}
