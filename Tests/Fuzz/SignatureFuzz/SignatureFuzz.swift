/// What libFuzzer calls with each input: two bytes that select a scheme, eight each that say how two requests cut the
/// signed text and which unsigned headers they have, and that text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSignature(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer gives `count` readable bytes, and none beyond the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard input.count > 18, input.count < 2000 else { return 0 }
    SignatureProperty.check(
        scheme: UInt64(input[0]) | UInt64(input[1]) << 8, cuts: [Array(input[2..<10]), Array(input[10..<18])],
        text: Array(input[18...]))
    return 0
}
