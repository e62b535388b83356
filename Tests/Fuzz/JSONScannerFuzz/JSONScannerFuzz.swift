internal import SluiceJSON

/// Called by libFuzzer with each input. What does not hold ends the process, which libFuzzer reports with the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSONScanner(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // A copy, so that reading beyond the end would leave an allocation that the address sanitizer watches.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    checkScanner(input)
    checkText(input)
    return 0
}

private let paths = JSONPathSet([
    .root, JSONPath([.key("a")]), JSONPath([.key("a"), .key("b")]), JSONPath([.key("a"), .index(0)]),
    JSONPath([.index(0)]),
    JSONPath([.index(1), .key("a")]),
    JSONPath([.key("full_name")]), JSONPath([.key("")]),
])

/// The scanner and the reader agree, and what is found is JSON itself.
private func checkScanner(_ input: [UInt8]) {
    var findings = JSONFindings()
    let refusal = scan(input, into: &findings)
    let reading = read(input)
    precondition(refusal == reading, "scanner and reader disagree")
    precondition(refusal.map { $0.offset <= input.count } ?? true, "an error is beyond the end")
    if refusal == nil {
        precondition(String(validating: input, as: UTF8.self) != nil, "what was accepted is not UTF-8")
        checkFindings(findings, in: input)
    }
}

private func checkFindings(_ findings: JSONFindings, in input: [UInt8]) {
    for path in 0..<paths.count {
        guard let range = findings.range(of: path) else { continue }
        var inner = JSONFindings()
        precondition(scan(Array(input[range]), into: &inner) == nil, "what was found is not JSON")
        precondition(inner.range(of: 0) == 0..<range.count, "what was found has something around it")
        precondition(inner.kind(of: 0) == findings.kind(of: path), "what was found is of another kind")
    }
    var repaired: [UInt8] = []
    repaired.appendRepairingSurrogates(input.span, findings.loneSurrogates)
    var again = JSONFindings()
    precondition(repaired.count == input.count && scan(repaired, into: &again) == nil, "repairing broke the text")
    precondition(again.loneSurrogates.isEmpty && again.depth == findings.depth, "repairing left something out")
}

/// Any bytes can be written as a string, which reads as the same text.
private func checkText(_ input: [UInt8]) {
    var literal: [UInt8] = []
    literal.appendJSONString(input.span)
    let text = String(decoding: input, as: UTF8.self)
    let read = JSONText.decode(literal.span)
    precondition(read.map { Array($0.utf8) } == Array(text.utf8), "a string did not survive")
    _ = JSONText.decode(input.span)
}

private func scan(_ input: [UInt8], into findings: inout JSONFindings) -> JSONError? {
    do throws(JSONError) {
        try JSONScanner.scan(input.span, paths: paths, maximumDepth: 16, into: &findings)
        return nil
    } catch {
        return error
    }
}

private func read(_ input: [UInt8]) -> JSONError? {
    var reader = JSONReader(input.span, maximumDepth: 16, acceptsLoneSurrogates: true)
    do throws(JSONError) {
        try readAll(&reader)
        try reader.finish()
        return nil
    } catch {
        return error
    }
}

/// Reads arrays and objects step by step where they are shallow, and skips them where they are deep, so that both ways
/// are compared.
private func readAll(_ reader: inout JSONReader) throws(JSONError) {
    switch try reader.peek() {
    case .object where reader.depth < 4:
        try reader.beginObject()
        while let key = try reader.nextKey() {
            _ = key.text
            try readAll(&reader)
        }
    case .array where reader.depth < 4:
        try reader.beginArray()
        while try reader.nextElement() { try readAll(&reader) }
    case .string: _ = try reader.readString()
    case .true, .false: _ = try reader.readBool()
    case .null: _ = try reader.readNull()
    case .object, .array, .number: try reader.skipValue()
    }
}
