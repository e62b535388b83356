import SluiceBase
import SluiceHTTP
import Testing

/// What a parser made of some bytes, in a form that tests compare.
enum ParsedRequest: Equatable, CustomTestStringConvertible {
    struct Head: Equatable {
        var method: String
        var target: String
        var fields: [String]
        var minorVersion: Int
        var framing: MessageFraming
        var keepAlive: Bool
        var expectsContinue: Bool
        var length: Int
    }

    case needMore
    case head(Head)
    case refused(MessageError, ErrorCode)

    init(_ step: RequestParser.Step, _ parser: RequestParser, _ bytes: [UInt8]) {
        switch step {
        case .needMore: self = .needMore
        case .head(let head): self = .head(Head(head, bytes))
        case .refused(let code): self = parser.fault.map { .refused($0, code) } ?? .needMore
        }
    }

    /// Parses all bytes at once.
    static func whole(_ bytes: [UInt8], limits: HTTPLimits = HTTPLimits()) -> Self {
        var parser = RequestParser(limits: limits)
        return Self(parser.parse(bytes.span), parser, bytes)
    }

    /// Parses as the bytes come in, up to each of `cuts` and then to the end, and stops at the first answer.
    static func pieces(_ bytes: [UInt8], cuts: [Int], limits: HTTPLimits = HTTPLimits()) -> Self {
        var parser = RequestParser(limits: limits)
        var result = Self.needMore
        for cut in cuts.sorted() + [bytes.count] where result == .needMore {
            result = Self(parser.parse(bytes.span.extracting(0..<cut)), parser, bytes)
        }
        return result
    }

    var head: Head? {
        if case .head(let head) = self { head } else { nil }
    }

    var fault: MessageError? {
        if case .refused(let fault, _) = self { fault } else { nil }
    }

    var testDescription: String { "\(self)" }
}

extension ParsedRequest.Head {
    init(_ head: RequestHead, _ bytes: [UInt8]) {
        let view = head.view(
            over: bytes.span, body: bytes.span.extracting(0..<0), peer: PeerAddress(ipv4: (127, 0, 0, 1), port: 1))
        var fields: [String] = []
        for index in 0..<view.headers.count {
            fields.append(view.headers.name(at: index).text + "=" + view.headers.value(at: index).text)
        }
        self.init(
            method: view.method.text, target: view.target.text, fields: fields, minorVersion: head.minorVersion,
            framing: head.framing,
            keepAlive: head.keepAlive, expectsContinue: head.expectsContinue, length: head.length)
    }
}
