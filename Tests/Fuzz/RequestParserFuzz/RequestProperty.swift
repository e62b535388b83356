internal import SluiceBase
internal import SluiceHTTP

/// A request head gives the same whole and in pieces, lies inside the bytes, and does not depend on what follows it;
/// the chunked body behind it decodes likewise.
enum RequestProperty {
    static func check(_ bytes: [UInt8], cut: Int) {
        let whole = parse(bytes, cuts: [])
        let text = "\(whole)"
        precondition(text == "\(parse(bytes, cuts: [cut]))", "A cut changed the request.")
        precondition(text == "\(parse(bytes, cuts: Array(0..<bytes.count)))", "Single bytes changed the request.")
        guard case .head(let head) = whole.step else { return }
        precondition(head.length <= min(bytes.count, fuzzLimits().headBytes), "The head goes beyond the bytes.")
        precondition(bytes[head.length - 1] == 0x0A, "The head does not end with its empty line.")
        let alone = parse(Array(bytes[..<head.length]), cuts: [])
        precondition("\(alone)" == text, "What follows the head changed it.")
        checkView(head, bytes)
        if head.framing == .chunked {
            ChunkedBodyProperty.check(Array(bytes[head.length...]), cut: max(0, cut - head.length))
        }
    }

    private static func parse(_ bytes: [UInt8], cuts: [Int]) -> (step: RequestParser.Step, fault: MessageError?) {
        var parser = RequestParser(limits: fuzzLimits())
        for cut in cuts {
            let step = parser.parse(bytes.span.extracting(0..<cut))
            if case .needMore = step { continue }
            return (step, parser.fault)
        }
        return (parser.parse(bytes.span), parser.fault)
    }

    private static func checkView(_ head: RequestHead, _ bytes: [UInt8]) {
        let view = head.view(
            over: bytes.span, body: bytes.span.extracting(0..<0), peer: PeerAddress(ipv4: (127, 0, 0, 1), port: 1))
        precondition(
            view.target[0] == UInt8(ascii: "/") || view.target.equals("*"),
            "A target is neither a path nor an asterisk.")
        precondition(view.headers.count <= fuzzLimits().headerLines, "More header lines than allowed.")
        for index in 0..<view.headers.count {
            precondition(!view.headers.name(at: index).isEmpty, "An empty header name.")
            let value = view.headers.value(at: index)
            for place in 0..<value.count {
                precondition(
                    value[place] != 0x0A && value[place] != 0x0D && value[place] != 0, "A line end in a value.")
            }
        }
    }
}
