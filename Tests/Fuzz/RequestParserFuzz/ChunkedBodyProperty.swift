internal import SluiceBase
internal import SluiceHTTP

/// A chunked body gives the same whole and in pieces, stays within its limit, and leaves head and pipelined bytes as
/// they are.
enum ChunkedBodyProperty {
    private static let head: [UInt8] = [0x68, 0x65, 0x61, 0x64]
    private static let bodyLimit = 300

    static func check(_ bytes: [UInt8], cut: Int) {
        let whole = decode(bytes, cuts: [])
        precondition(whole == decode(bytes, cuts: [min(cut, bytes.count)]), "A cut changed the body.")
        precondition(whole == decode(bytes, cuts: Array(0..<bytes.count)), "Single bytes changed the body.")
    }

    private struct Outcome: Equatable {
        var step: ChunkedDecoder.Step
        var fault: MessageError?
        var buffer: [UInt8]
    }

    private static func decode(_ bytes: [UInt8], cuts: [Int]) -> Outcome {
        var decoder = ChunkedDecoder(bodyStart: head.count, bodyLimit: bodyLimit, limits: fuzzLimits())
        var buffer = head
        var start = 0
        var step = ChunkedDecoder.Step.needMore
        for cut in cuts + [bytes.count] {
            buffer += bytes[start..<cut]
            start = cut
            if step == .needMore { step = decoder.decode(&buffer) }
        }
        precondition(Array(buffer.prefix(head.count)) == head, "The head changed.")
        precondition(decoder.bodyEnd - head.count <= bodyLimit, "The body is over its limit.")
        if case .complete(let end) = step {
            precondition(bytes.suffix(buffer.count - end) == buffer[end...], "Pipelined bytes changed.")
        }
        // A refused buffer means nothing any more.
        if case .refused = step { buffer = [] }
        return Outcome(step: step, fault: decoder.fault, buffer: buffer)
    }
}
