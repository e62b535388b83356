package import SluiceBase

/// Parses the head of one HTTP/1.1 or 1.0 request (RFC 9112) strictly: what two parsers could understand differently is
/// refused.
///
/// It reads each byte once, so a head in small pieces costs no more than a whole one, and refuses at the first wrong
/// byte. Its results depend only on the bytes, not on how they were split. One parser serves a connection, one request
/// after the other; it keeps the memory for the header lines.
package struct RequestParser: Sendable {
    /// The state after the bytes so far.
    package enum Step: Sendable {
        /// Valid so far; more bytes are needed.
        case needMore
        /// The head is complete; call `startNextRequest()` before the next one.
        case head(RequestHead)
        /// The request is answered with this code and the connection closes; `fault` has the exact rule.
        case refused(ErrorCode)
    }

    enum Phase: Sendable {
        case start, leadingLineFeed, methodStart, method, target, version, fields, complete, refused
    }

    let limits: HTTPLimits
    var phase = Phase.start
    /// The number of bytes read.
    var index = 0
    var method = 0..<0
    var target = 0..<0
    var versionStart = 0
    var minorVersion = 1
    /// The rule that the request broke, after it was refused.
    package private(set) var fault: MessageError?

    private var lines: FieldLineParser
    private var fields: [HeaderField] = []
    private var framing = FramingFields()
    private var hasHost = false
    private var expectsContinue = false

    /// - Parameter limits: the sizes of a head are used.
    package init(limits: HTTPLimits) {
        self.limits = limits
        lines = FieldLineParser(maximumLines: limits.headerLines)
    }

    /// Whether any byte of the request has been read. An empty line before it does not count: some senders end the
    /// previous request with one (RFC 9112 §2.2).
    package var hasBegun: Bool { index > 0 && phase != .leadingLineFeed && phase != .methodStart }

    /// Continues parsing.
    ///
    /// - Parameter bytes: everything buffered from the request's first byte on; the bytes of the last call must not
    ///   have changed. Bytes after the head are ignored.
    package mutating func parse(_ bytes: Span<UInt8>) -> Step {
        precondition(phase != .complete, "A parser reads one head; startNextRequest() comes before the next.")
        do throws(MessageError) {
            guard let head = try advance(bytes) else { return .needMore }
            phase = .complete
            return .head(head)
        } catch {
            fault = error
            phase = .refused
            return .refused(error.code)
        }
    }

    /// Prepares for the next request. If the `RequestHead` has been released, the memory for header lines is reused.
    package mutating func startNextRequest() {
        phase = .start
        index = 0
        lines = FieldLineParser(maximumLines: limits.headerLines)
        fields.removeAll(keepingCapacity: true)
        framing = FramingFields()
        hasHost = false
        expectsContinue = false
        fault = nil
    }

    private mutating func advance(_ bytes: Span<UInt8>) throws(MessageError) -> RequestHead? {
        if let fault { throw fault }
        let end = min(bytes.count, limits.headBytes)
        if phase != .fields { try advanceRequestLine(bytes, end: end) }
        if phase == .fields, try advanceFields(bytes, end: end) { return try completeHead() }
        guard index < limits.headBytes else { throw .headTooLarge }
        return nil
    }

    /// Whether the empty line was reached.
    private mutating func advanceFields(_ bytes: Span<UInt8>, end: Int) throws(MessageError) -> Bool {
        while true {
            switch lines.advance(bytes, index: &index, end: end) {
            case .needMore: return false
            case .line:
                let field = lines.field(in: bytes)
                fields.append(field)
                try note(field, in: bytes)
            case .end: return true
            case .fault(let fault): throw fault
            }
        }
    }

    private mutating func note(_ field: HeaderField, in bytes: Span<UInt8>) throws(MessageError) {
        switch field.name.count {
        case 4 where FieldName.host.matches(bytes.extracting(field.name)):
            guard !hasHost else { throw .hostTwice }
            guard Authority.isValid(bytes, field.value) else { throw .host }
            hasHost = true
        case 6 where FieldName.expect.matches(bytes.extracting(field.name)):
            // HTTP/1.0 does not have it (RFC 9110 §10.1.1).
            if minorVersion > 0 { try noteExpectations(bytes, field.value) }
        default:
            if let fault = framing.note(field, in: bytes, minorVersion: minorVersion) { throw fault }
        }
    }

    /// A list; its empty elements are ignored (RFC 9110 §10.1.1, §5.6.1.2).
    private mutating func noteExpectations(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(MessageError) {
        var list = ListElements(range)
        while let element = list.next(in: bytes) {
            if element.isEmpty { continue }
            guard Self.continueExpectation.matches(bytes.extracting(element)) else { throw .expectation }
            expectsContinue = true
        }
    }

    private func completeHead() throws(MessageError) -> RequestHead {
        guard hasHost || minorVersion == 0 else { throw .hostMissing }
        let body = try framing.framing() ?? .none
        return RequestHead(
            method: method, target: target, fields: fields, minorVersion: minorVersion, framing: body,
            keepAlive: framing.keepsAlive(minorVersion: minorVersion),
            expectsContinue: expectsContinue && body != .none && body != .length(0), length: index)
    }

    private static let continueExpectation: HeaderName = "100-continue"
}
