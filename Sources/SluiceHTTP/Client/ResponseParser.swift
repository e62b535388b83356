internal import SluiceBase

/// Parses one final answer (RFC 9112 §4, §6.3), as strictly as requests are parsed. Interim answers (1xx) are skipped.
package struct ResponseParser: Sendable {
    /// The state after the bytes so far.
    package enum Step: Sendable, Hashable {
        case needMore
        case complete(ReceivedResponse)
        /// The connection closes; the client cannot know the result.
        case refused(MessageError)
    }

    private enum Phase: Sendable {
        case statusLine, fields
        case lengthBody(end: Int)
        case chunkedBody(ChunkedDecoder)
        case bodyUntilClose
        case complete
    }

    private let limits: HTTPLimits
    private let bodyLimit: Int
    private let toHeadMethod: Bool
    private var phase = Phase.statusLine
    private var index = 0
    private var line = StatusLineParser()
    private var lines: FieldLineParser
    private var fields: [HeaderField] = []
    private var framing = FramingFields()
    private var headLength = 0
    private var interimAnswers = 0
    private var fault: MessageError?

    /// - Parameters:
    ///   - bodyLimit: in bytes; a longer body is refused as soon as that is known.
    ///   - toHeadMethod: whether the request was HEAD, whose answer never has a body.
    package init(limits: HTTPLimits, bodyLimit: Int, toHeadMethod: Bool = false) {
        self.limits = limits
        self.bodyLimit = bodyLimit
        self.toHeadMethod = toHeadMethod
        lines = FieldLineParser(maximumLines: limits.headerLines)
    }

    /// Continues parsing.
    ///
    /// - Parameter buffer: everything received since the request. Interim answers and chunk framing are removed from
    ///   it. New bytes are appended to it.
    package mutating func parse(_ buffer: inout [UInt8]) -> Step {
        do throws(MessageError) {
            if let fault { throw fault }
            return try advance(&buffer).map { .complete($0) } ?? .needMore
        } catch {
            fault = error
            return .refused(error)
        }
    }

    /// The server will send no more: the end of an answer without a length, otherwise an incomplete one.
    package mutating func connectionClosed(_ buffer: inout [UInt8]) -> Step {
        let step = parse(&buffer)
        guard step == .needMore else { return step }
        guard case .bodyUntilClose = phase else {
            fault = .truncated
            return .refused(.truncated)
        }
        return .complete(complete(bodyEnd: buffer.count, bufferEnd: buffer.count))
    }

    /// Status and header lines, once they are complete; interim answers have been skipped. The ranges point into the
    /// buffer, whose head stays in place.
    var head: (status: Int, fields: [HeaderField])? {
        switch phase {
        case .statusLine, .fields: nil
        case .lengthBody, .chunkedBody, .bodyUntilClose, .complete: (line.status, fields)
        }
    }

    /// Takes the available part of the body out of the buffer, after `parse` has returned that more is needed: for
    /// endless answers.
    package mutating func takeBody(_ buffer: inout [UInt8]) -> [UInt8] {
        let end: Int
        switch phase {
        case .statusLine, .fields, .complete: return []
        case .lengthBody(let bodyEnd):
            end = buffer.count
            phase = .lengthBody(end: bodyEnd - (end - headLength))
        case .chunkedBody(var decoder):
            end = decoder.bodyEnd
            decoder.bodyTaken()
            phase = .chunkedBody(decoder)
        case .bodyUntilClose: end = buffer.count
        }
        defer { buffer.removeSubrange(headLength..<end) }
        return Array(buffer[headLength..<end])
    }

    private mutating func advance(_ buffer: inout [UInt8]) throws(MessageError) -> ReceivedResponse? {
        while true {
            switch phase {
            case .statusLine, .fields:
                guard try advanceHead(buffer.span) else { return nil }
                guard line.status >= 200 else {
                    try passInterimAnswer(&buffer)
                    continue
                }
                headLength = index
                phase = try bodyPhase()
            case .lengthBody(let end):
                return buffer.count >= end ? complete(bodyEnd: end, bufferEnd: buffer.count) : nil
            case .chunkedBody(var decoder):
                let step = decoder.decode(&buffer)
                phase = .chunkedBody(decoder)
                return try chunked(step, decoder.fault, bufferEnd: buffer.count)
            case .bodyUntilClose:
                guard buffer.count - headLength <= bodyLimit else { throw .bodyTooLarge }
                return nil
            case .complete:
                preconditionFailure("A parser reads one answer.")
            }
        }
    }

    /// Whether the empty line was reached.
    private mutating func advanceHead(_ bytes: Span<UInt8>) throws(MessageError) -> Bool {
        let end = min(bytes.count, limits.headBytes)
        if case .statusLine = phase {
            if try line.advance(bytes, index: &index, end: end) { phase = .fields }
        }
        if case .fields = phase, try advanceFields(bytes, end: end) { return true }
        guard index < limits.headBytes else { throw .headTooLarge }
        return false
    }

    private mutating func advanceFields(_ bytes: Span<UInt8>, end: Int) throws(MessageError) -> Bool {
        while true {
            switch lines.advance(bytes, index: &index, end: end) {
            case .needMore: return false
            case .line:
                let field = lines.field(in: bytes)
                fields.append(field)
                if let fault = framing.note(field, in: bytes, minorVersion: line.minorVersion) { throw fault }
            case .end: return true
            case .fault(let fault): throw fault
            }
        }
    }

    private mutating func passInterimAnswer(_ buffer: inout [UInt8]) throws(MessageError) {
        guard line.status != 101 else { throw .switchingProtocols }
        interimAnswers += 1
        guard interimAnswers <= Self.interimAnswersMaximum else { throw .tooManyInterimAnswers }
        buffer.removeSubrange(0..<index)
        index = 0
        phase = .statusLine
        line = StatusLineParser()
        lines = FieldLineParser(maximumLines: limits.headerLines)
        fields.removeAll(keepingCapacity: true)
        framing = FramingFields()
    }

    /// The order of RFC 9112 §6.3.
    private func bodyPhase() throws(MessageError) -> Phase {
        let given = try framing.framing()
        if toHeadMethod || line.status == 204 || line.status == 304 { return .lengthBody(end: headLength) }
        switch given {
        case .chunked: return .chunkedBody(ChunkedDecoder(bodyStart: headLength, bodyLimit: bodyLimit, limits: limits))
        case .length(let count):
            guard count <= bodyLimit else { throw .bodyTooLarge }
            return .lengthBody(end: headLength + count)
        case .none?, .untilClose, nil: return .bodyUntilClose
        }
    }

    private mutating func chunked(
        _ step: ChunkedDecoder.Step, _ fault: MessageError?, bufferEnd: Int
    ) throws(MessageError) -> ReceivedResponse? {
        switch step {
        case .needMore: return nil
        case .complete(let bodyEnd): return complete(bodyEnd: bodyEnd, bufferEnd: bufferEnd)
        case .refused: throw fault ?? .chunkSize
        }
    }

    private mutating func complete(bodyEnd: Int, bufferEnd: Int) -> ReceivedResponse {
        var keepAlive = framing.keepsAlive(minorVersion: line.minorVersion) && bodyEnd == bufferEnd
        if case .bodyUntilClose = phase { keepAlive = false }
        phase = .complete
        return ReceivedResponse(status: line.status, fields: fields, body: headLength..<bodyEnd, keepAlive: keepAlive)
    }

    private static let interimAnswersMaximum = 8
}
