/// What libFuzzer calls with each input: two bytes that select a signed request of a preset, and what changes in it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzVerifier(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer gives `count` readable bytes, and none beyond the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard input.count >= 2, input.count < 2000 else { return 0 }
    let number = Int(input[0]) | Int(input[1]) << 8
    VerifierProperty.check(request: number, changes: RequestChanges(input[2...]))
    return 0
}
