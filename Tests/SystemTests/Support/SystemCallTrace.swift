internal import Foundation

/// What `strace -f -y` wrote: calls in the order in which they began and ended.
struct SystemCallTrace {
    /// A call from where it begins to where it ends; both the same line where nothing came between.
    struct Call {
        let name: String
        let start: Int
        let end: Int
        /// The line at which it begins: its arguments, and its result unless others came between.
        let arguments: Data
        let hasSucceeded: Bool

        /// Whether the text stands among the arguments. What is not printable stands there escaped.
        func mentions(_ text: String) -> Bool { arguments.range(of: Data(text.utf8)) != nil }
    }

    private(set) var calls: [Call] = []

    /// - Parameter trace: lines of `THREAD call(arguments) = result`; a call that others come between stands twice,
    ///   with `<unfinished ...>` at its start and `<... call resumed>` at its end.
    init(_ trace: [UInt8]) {
        var open: [Data: (name: String, start: Int, arguments: Data)] = [:]
        for (index, line) in Data(trace).split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let space = line.firstIndex(of: UInt8(ascii: " ")) else { continue }
            let thread = Data(line[..<space])
            let text = Data(line[space...].drop { $0 == UInt8(ascii: " ") })
            if text.starts(with: Data("<... ".utf8)) {
                guard let begun = open.removeValue(forKey: thread) else { continue }
                append(begun.name, begun.start, index, begun.arguments, text)
            } else if let parenthesis = text.firstIndex(of: UInt8(ascii: "(")) {
                let name = String(decoding: text[..<parenthesis], as: UTF8.self)
                if text.suffix(20).range(of: Data("<unfinished ...>".utf8)) != nil {
                    open[thread] = (name, index, text)
                } else {
                    append(name, index, index, text, text)
                }
            }
        }
    }

    private mutating func append(_ name: String, _ start: Int, _ end: Int, _ arguments: Data, _ last: Data) {
        let result = last.suffix(200).range(of: Data(") = -1 ".utf8))
        calls.append(Call(name: name, start: start, end: end, arguments: arguments, hasSucceeded: result == nil))
    }
}
