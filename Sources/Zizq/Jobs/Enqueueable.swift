/// Whatever can be enqueued: a value of a `JobKind`, such a value with overrides (`Enqueue`), a finished job object (`RawJob`).
///
/// ```swift
/// let jobs: [any Enqueueable] = [SendEmail(to: "alice@example.com"), Enqueue(RebuildIndex()).priority(1)]
/// var bulk = client.enqueueBulk()
/// for job in jobs { try bulk.push(job) }
/// ```
public protocol Enqueueable: Sendable {
    /// Appends one job object. For the client; nobody else needs to call it.
    ///
    /// - Throws: `invalidArgument` for what the server would refuse, or could not survive.
    func write(to writer: inout JobWriter) throws(ZizqError)
}

/// A finished job object in JSON, for callers who already have one as bytes: it is neither read nor written anew, and copied once, into
/// the request.
///
/// ```swift
/// let job = RawJob(Array(#"{"type":"send_email","queue":"emails","payload":{"to":"alice@example.com"}}"#.utf8))
/// try await client.enqueue(job)
/// ```
///
/// Nothing of it is checked here: one that the server does not take fails the whole request.
public struct RawJob: Enqueueable, Hashable {
    /// `{"type":…,"queue":…,"payload":…}`, with more fields where wanted.
    public let bytes: [UInt8]

    /// - Parameter bytes: one JSON object, in UTF-8.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Appends the job object.
    public func write(to writer: inout JobWriter) throws(ZizqError) {
        guard !bytes.isEmpty else { throw .invalidArgument("a raw job is empty") }
        writer.appendRaw(bytes)
    }
}
