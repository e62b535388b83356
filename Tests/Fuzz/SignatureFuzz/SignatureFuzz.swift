/// What libFuzzer calls with each input: a byte that selects a scheme, eight that say where two requests cut the signed
/// text, and that text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSignature(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer gives `count` readable bytes, and none beyond the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard input.count > 9, input.count < 2000 else { return 0 }
    SignatureProperty.check(
        scheme: Int(input[0]), cuts: [Array(input[1..<5]), Array(input[5..<9])], text: Array(input[9...]))
    return 0
}
