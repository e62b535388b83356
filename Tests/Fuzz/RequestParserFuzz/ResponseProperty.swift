internal import SluiceBase
internal import SluiceHTTP

/// An answer gives the same status, header lines and body whole and in pieces, and lies inside the buffer.
enum ResponseProperty {
    static func check(_ bytes: [UInt8], cut: Int, toHeadMethod: Bool) {
        let whole = parse(bytes, cuts: [], toHeadMethod)
        precondition(whole == parse(bytes, cuts: [cut], toHeadMethod), "A cut changed the answer.")
        precondition(
            whole == parse(bytes, cuts: Array(0..<bytes.count), toHeadMethod), "Single bytes changed the answer.")
    }

    private enum Outcome: Equatable {
        case needMore
        case complete(status: Int, headers: [[UInt8]], body: [UInt8])
        case refused(MessageError)
    }

    private static func parse(_ bytes: [UInt8], cuts: [Int], _ toHeadMethod: Bool) -> Outcome {
        var parser = ResponseParser(limits: fuzzLimits(), bodyLimit: 300, toHeadMethod: toHeadMethod)
        var buffer: [UInt8] = []
        var start = 0
        var step = ResponseParser.Step.needMore
        for cut in cuts + [bytes.count] where step == .needMore {
            buffer += bytes[start..<cut]
            start = cut
            step = parser.parse(&buffer)
        }
        if step == .needMore { step = parser.connectionClosed(&buffer) }
        switch step {
        case .needMore: return .needMore
        case .refused(let fault): return .refused(fault)
        case .complete(let response):
            let headers = response.fields.flatMap { [Array(buffer[$0.name]), Array(buffer[$0.value])] }
            return .complete(status: response.status, headers: headers, body: Array(buffer[response.body]))
        }
    }
}
