/// What libFuzzer calls with each input, which is one route file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRouteFile(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer gives `count` readable bytes, and none beyond the call.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let lines = FileLines(bytes)
    DocumentProperty.check(bytes, lines)
    TableProperty.check(bytes, lines)
    return 0
}
