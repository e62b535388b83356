internal import SluiceJSON

/// The members of a job object in any answer.
struct JobFields {
    var id = ""
    var type = ""
    var queue = ""
    var priority: UInt16 = 32768
    var status = JobStatus.ready
    /// Milliseconds since 1970, like the other times.
    var readyAt: Int64 = 0
    var attempts: UInt32 = 0
    var duplicate = false
    var folded = false
    var dequeuedAt: Int64?
    var failedAt: Int64?
    var completedAt: Int64?
    /// The range of the payload's JSON in the text.
    var payload: Range<Int>?
    private var options: JobOptions?

    /// The optional members, stored separately; `nil` if there are none.
    var boxedOptions: BoxedOptions? { options.map { BoxedOptions($0) } }

    /// Reads the current object. Additional members from a newer server are skipped.
    init(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id": id = try reader.readString()
            case "type": type = try reader.readString()
            case "queue": queue = try reader.readString()
            case "priority": priority = try reader.readNumber()
            case "status": status = JobStatus(rawValue: try reader.readString())
            case "ready_at": readyAt = try reader.readNumber()
            case "attempts": attempts = try reader.readNumber()
            case "duplicate": duplicate = try reader.readNull() ? false : reader.readBool()
            case "folded": folded = try reader.readNull() ? false : reader.readBool()
            case "payload": payload = try reader.skipValue()
            case "dequeued_at": dequeuedAt = try reader.readNumberOrNull()
            case "failed_at": failedAt = try reader.readNumberOrNull()
            case "completed_at": completedAt = try reader.readNumberOrNull()
            case "retry_limit", "backoff", "retention", "unique_key", "unique_while", "batch", "budgets":
                try readOption(key.text, &reader)
            default: try reader.skipValue()
            }
        }
        guard !id.isEmpty else { throw JSONError(.missing("id"), at: reader.offset) }
    }

    private mutating func readOption(_ name: String, _ reader: inout JSONReader) throws(JSONError) {
        guard try !reader.readNull() else { return }
        var draft = options ?? JobOptions()
        switch name {
        case "retry_limit": draft.retryLimit = try reader.readNumber()
        case "backoff": draft.backoff = try Self.backoff(&reader)
        case "retention": draft.retention = try Self.retention(&reader)
        case "unique_key": draft.uniqueKey = try reader.readString()
        case "unique_while": draft.uniqueWhile = UniqueScope(rawValue: try reader.readString())
        case "batch": draft.batch = try Self.batch(&reader)
        default: draft.budgets = try Self.budgets(&reader)
        }
        options = draft
    }

    private static func backoff(_ reader: inout JSONReader) throws(JSONError) -> Backoff {
        var backoff = Backoff(base: .zero, exponent: 0, jitter: .zero)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "base_ms": backoff.base = .milliseconds(try reader.readNumber() as Int64)
            case "exponent": backoff.exponent = try reader.readFloat()
            case "jitter_ms": backoff.jitter = .milliseconds(try reader.readNumber() as Int64)
            default: try reader.skipValue()
            }
        }
        return backoff
    }

    private static func retention(_ reader: inout JSONReader) throws(JSONError) -> Retention {
        var retention = Retention()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "completed_ms": retention.completed = try reader.readNumberOrNull().map { .milliseconds($0) }
            case "dead_ms": retention.dead = try reader.readNumberOrNull().map { .milliseconds($0) }
            default: try reader.skipValue()
            }
        }
        return retention
    }

    private static func batch(_ reader: inout JSONReader) throws(JSONError) -> Batch {
        var batch = Batch(key: "", when: "", fold: "")
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "key": batch.key = try reader.readString()
            case "when": batch.when = try reader.readNull() ? "" : reader.readString()
            case "fold": batch.fold = try reader.readNull() ? "" : reader.readString()
            default: try reader.skipValue()
            }
        }
        return batch
    }

    private static func budgets(_ reader: inout JSONReader) throws(JSONError) -> [BudgetBinding] {
        var bindings: [BudgetBinding] = []
        try reader.beginArray()
        while try reader.nextElement() {
            var binding = BudgetBinding("")
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "key": binding.key = try reader.readString()
                case "cost": binding.cost = try reader.readNull() ? nil : reader.readNumber()
                default: try reader.skipValue()
                }
            }
            bindings.append(binding)
        }
        return bindings
    }
}

extension JSONReader {
    /// Reads an integer in the type's range.
    mutating func readNumber<Number: FixedWidthInteger>() throws(JSONError) -> Number {
        let offset = offset
        let value = try readInt64()
        guard let number = Number(exactly: value) else { throw JSONError(.notAnInteger, at: offset) }
        return number
    }

    mutating func readNumberOrNull() throws(JSONError) -> Int64? { try readNull() ? nil : readNumber() }
}
