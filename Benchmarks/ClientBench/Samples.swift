internal import Zizq

/// A flat structure of six fields that is about a kilobyte of JSON.
struct Order: JobKind, Equatable {
    static let name = "order"
    static let queue = "orders"

    var number: Int
    var customer: String
    var amount: Double
    var currency: String
    var isPaid: Bool
    var note: String

    init(_ number: Int) {
        self.number = number
        customer = "customer-\(number)@example.com"
        amount = Double(number) * 1.25
        currency = "EUR"
        isPaid = number % 2 == 0
        note = String(repeating: "A line of the note, as people write them. ", count: 21)
    }
}

/// What a Foundation coder needs in order to say and to hear the same.
struct FoundationBulk: Encodable {
    struct Job: Encodable {
        var type = Order.name
        var queue = Order.queue
        var payload: Order
    }
    var jobs: [Job]
}

struct FoundationAnswer: Decodable {
    struct Job: Decodable {
        var id: String
        var type: String
        var queue: String
        var priority: UInt16
        var status: String
        var readyAt: Int64
        var attempts: UInt32
        var duplicate: Bool?
        var folded: Bool?
        var uniqueKey: String?
        var uniqueWhile: String?

        // A strategy for snake case would cost the decoder more than names do.
        enum CodingKeys: String, CodingKey {
            case id, type, queue, priority, status, attempts, duplicate, folded
            case readyAt = "ready_at"
            case uniqueKey = "unique_key"
            case uniqueWhile = "unique_while"
        }
    }
    var jobs: [Job]
}
