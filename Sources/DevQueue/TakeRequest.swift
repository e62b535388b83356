/// What `GET /jobs/take` asks for.
package struct TakeRequest: Sendable, Hashable {
    /// Nil for all queues.
    let queues: [String]?
    /// How many jobs may be out at once without having been acknowledged; at least 1.
    let prefetch: Int
    let format: MessageFormat

    init(_ parameters: QueryParameters, format: MessageFormat) throws(JobRefusal) {
        let names = parameters["queue"]?.split(separator: ",").map(String.init) ?? []
        queues = names.isEmpty ? nil : names
        guard let prefetch = Int(parameters["prefetch"] ?? "1"), prefetch > 0 else {
            throw JobRefusal(status: 400, sentence: "prefetch must be a number above 0")
        }
        self.prefetch = prefetch
        self.format = format
    }
}
