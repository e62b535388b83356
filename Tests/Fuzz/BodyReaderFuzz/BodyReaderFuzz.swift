internal import SluiceRoutes

/// What libFuzzer calls with each input. The first byte says what to read the rest as (`0` to `2` will do): a stream of
/// deflate, one of gzip, or a body with a line before it, which is its content type.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBodyReader(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer gives `count` readable bytes, and none beyond the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let selector = input.first else { return 0 }
    let bytes = Array(input[1...])
    switch selector % 3 {
    case 0: GzipProperty.checkBlocks(bytes)
    case 1: GzipProperty.checkStream(bytes)
    default: BodyProperty.check(bytes)
    }
    return 0
}
