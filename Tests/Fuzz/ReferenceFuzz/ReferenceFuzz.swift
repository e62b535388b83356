internal import SluiceBase
internal import SluiceRouteFiles
internal import SluiceRoutes

/// What libFuzzer calls with each input, which is a text with references, and a reference without `${` and `}`.
///
/// What is read means the same when it is written again; what is not, is refused in one line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzReference(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer gives `count` readable bytes, and none beyond the call.
    let text = unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    checkTemplate(text)
    checkReference(text)
    RouteProperty.check(text)
    return 0
}

private func checkTemplate(_ text: String) {
    do {
        let parts = try TemplateParser.parse(text)
        precondition(!parts.isEmpty, "A text of nothing.")
        let written = ReferenceText.of(parts)
        precondition((try? TemplateParser.parse(written)) == parts, "Written again it reads otherwise: \(written)")
        if !hasReference(text) {
            precondition(parts == [.literal(Array(text.utf8))], "A text without references has changed.")
        }
    } catch {
        precondition(hasReference(text) && isMessage(error.message), "A text was refused without a reason.")
    }
}

private func checkReference(_ text: String) {
    do {
        let reference = try ReferenceParser.parseBare(text)
        precondition(reference.fallback == nil, "A bare reference has a default.")
        let written = ReferenceText.of(reference.source)
        precondition(
            (try? ReferenceParser.parseBare(written)) == reference, "Written again it reads otherwise: \(written)")
    } catch {
        precondition(isMessage(error.message), "A reference was refused without a reason.")
    }
}

/// By bytes: a brace with an accent on it is another character.
private func hasReference(_ text: String) -> Bool { text.utf8.contains("${".utf8) }

private func isMessage(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count < 8_000
        && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
}
