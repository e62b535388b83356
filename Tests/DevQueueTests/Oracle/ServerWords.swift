import SluiceBase

/// What a Zizq server says of a request body that is not the JSON that it expects, word for word with the place: the
/// oracle for the reader of the development queue, which uses other words.
enum ServerWords {
    /// The status and body with which a server refuses the body of a `POST`, on one line; `nil` for a body that it
    /// accepts.
    static func refusal(of body: [UInt8], path: String) -> String? {
        var reader = StrictJSONReader(body.span)
        do throws(StrictJSONError) {
            try read(shape(of: path), from: &reader)
            try reader.readEnd()
            return nil
        } catch {
            let words = "\(error)".replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            return #"400 {"error":"invalid JSON: \#(words)"}"#
        }
    }

    private indirect enum Shape {
        case text, bool, u16, u32, u64, f32, payload
        case optional(Shape)
        case list(Shape)
        /// The first so many members must be there.
        case object(String, required: Int, [(name: String, shape: Shape)])
    }

    private static func shape(of path: String) -> Shape {
        if path.hasSuffix("/failure") { return failure }
        switch path {
        case "/jobs/bulk": return .object("BulkEnqueueRequest", required: 1, [("jobs", .list(job))])
        case "/jobs/success": return .object("BulkSuccessRequest", required: 1, [("ids", .list(.text))])
        default: return job
        }
    }

    private static var job: Shape {
        .object(
            "EnqueueRequest", required: 3,
            [
                ("type", .text), ("queue", .text), ("payload", .payload), ("priority", .optional(.u16)),
                ("ready_at", .optional(.u64)),
                ("retry_limit", .optional(.u32)),
                (
                    "backoff",
                    .optional(
                        .object("Backoff", required: 3, [("base_ms", .u32), ("exponent", .f32), ("jitter_ms", .u32)]))
                ),
                (
                    "retention",
                    .optional(
                        .object(
                            "Retention", required: 0, [("completed_ms", .optional(.u64)), ("dead_ms", .optional(.u64))])
                    )
                ),
                ("unique_key", .optional(.text)), ("unique_while", .optional(.text)),
                (
                    "batch",
                    .optional(.object("Batch", required: 3, [("key", .text), ("when", .text), ("fold", .text)]))
                ),
            ])
    }

    private static var failure: Shape {
        .object(
            "FailureRequest", required: 1,
            [
                ("message", .text), ("error_type", .optional(.text)), ("backtrace", .optional(.text)),
                ("retry_at", .optional(.u64)),
                ("kill", .optional(.bool)),
            ])
    }

    private static func read(_ shape: Shape, from reader: inout StrictJSONReader) throws(StrictJSONError) {
        switch shape {
        case .text: _ = try reader.readText()
        case .bool: _ = try reader.readBool()
        case .u16: _ = try reader.readUnsigned(UInt16.self)
        case .u32: _ = try reader.readUnsigned(UInt32.self)
        case .u64: _ = try reader.readUnsigned(UInt64.self)
        case .f32: _ = try reader.readFloat()
        case .payload: _ = try reader.readValue()
        case .optional(let shape):
            _ = try reader.readOptional { (reader) throws(StrictJSONError) in try read(shape, from: &reader) }
        case .list(let shape):
            try reader.readArray { (reader) throws(StrictJSONError) in try read(shape, from: &reader) }
        case .object(let name, let required, let members):
            var seen: Set<String> = []
            try reader.readObject(name) { (reader, key) throws(StrictJSONError) in
                let key = key.text
                guard let member = members.first(where: { $0.name == key }) else { return false }
                guard seen.insert(key).inserted else { throw reader.duplicateField(key) }
                try reader.readColon()
                try read(member.shape, from: &reader)
                return true
            }
            for member in members.prefix(required) where !seen.contains(member.name) {
                throw reader.missingField(member.name)
            }
        }
    }
}
