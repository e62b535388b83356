internal import SluiceBase

/// What a worker says of a job that has failed. The queue keeps no errors; they are read so that a wrong report is refused.
struct FailureReport: Hashable {
    var message = ""
    var errorType: String?
    var backtrace: String?
    /// Milliseconds since the UNIX epoch.
    var retryAt: UInt64?
    /// Whether the job is not to be tried again.
    var kill = false
}

/// Reads the bodies with which workers report.
enum ReportReader {
    /// The body of `POST /jobs/{id}/failure`.
    static func readFailure(_ body: Span<UInt8>) throws(StrictJSONError) -> FailureReport {
        var reader = StrictJSONReader(body)
        var report = FailureReport()
        var seen: Set<String> = []
        try reader.readObject("FailureRequest") { (reader, key) throws(StrictJSONError) in
            let name = key.text
            guard fields.contains(name) else { return false }
            guard seen.insert(name).inserted else { throw reader.duplicateField(name) }
            try reader.readColon()
            try read(name, into: &report, from: &reader)
            return true
        }
        if !seen.contains("message") { throw reader.missingField("message") }
        try reader.readEnd()
        return report
    }

    private static let fields: Set<String> = ["message", "error_type", "backtrace", "retry_at", "kill"]

    private static func read(
        _ name: String, into report: inout FailureReport, from reader: inout StrictJSONReader
    ) throws(StrictJSONError) {
        switch name {
        case "message": report.message = try reader.readText()
        case "error_type":
            report.errorType = try reader.readOptional { (reader) throws(StrictJSONError) in try reader.readText() }
        case "backtrace":
            report.backtrace = try reader.readOptional { (reader) throws(StrictJSONError) in try reader.readText() }
        case "retry_at":
            report.retryAt = try reader.readOptional { (reader) throws(StrictJSONError) in try reader.readUnsigned(UInt64.self) }
        default:
            report.kill = try reader.readOptional { (reader) throws(StrictJSONError) in try reader.readBool() } ?? false
        }
    }

    /// The body of `POST /jobs/success`: `{"ids":[…]}`.
    static func readSuccesses(_ body: Span<UInt8>) throws(StrictJSONError) -> [String] {
        var reader = StrictJSONReader(body)
        var ids: [String]?
        try reader.readObject("BulkSuccessRequest") { (reader, key) throws(StrictJSONError) in
            guard key.equals("ids") else { return false }
            if ids != nil { throw reader.duplicateField("ids") }
            try reader.readColon()
            var read: [String] = []
            try reader.readArray { (reader) throws(StrictJSONError) in read.append(try reader.readText()) }
            ids = read
            return true
        }
        guard let ids else { throw reader.missingField("ids") }
        try reader.readEnd()
        return ids
    }
}
