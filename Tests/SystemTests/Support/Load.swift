import Synchronization

/// The results of the deliveries of a load, by their numbers.
final class LoadResult: Sendable {
    private let statuses = Mutex<[Int: [Int]]>([:])

    /// - Returns: how many deliveries are answered by now. Of answers that come at the same time each gets a count of
    ///   its own.
    @discardableResult
    func note(_ number: Int, status: Int) -> Int {
        statuses.withLock {
            $0[number, default: []].append(status)
            return $0.count
        }
    }

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
    ///   - whenAnswered: called after each answer with the number of answers so far; every number comes once.
    /// - Returns: what was answered. A connection that breaks off leaves the rest of its deliveries out.
    @discardableResult
    func load(
        _ numbers: ClosedRange<Int>, clients: Int, padding: Int = 0,
        whenAnswered: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> LoadResult {
        let result = LoadResult()
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<clients {
                group.addTask {
                    try? await blocking { [self] in
                        let wire = try connect()
                        for number in stride(
                            from: numbers.lowerBound + client, through: numbers.upperBound, by: clients)
                        {
                            try wire.send(Webhook.numbered(number, padding: padding).bytes)
                            let answer = try wire.nextAnswer(until: .now + .seconds(300))
                            whenAnswered(result.note(number, status: answer.status))
                            if answer[header: "connection"] == "close" { return }
                        }
                    }
                }
            }
        }
        return result
    }
}
