internal import SluiceBase
internal import SluiceHTTP

/// What libFuzzer calls with each input. The first byte says what to read the rest as (`0` to `3` will do), the second
/// where to cut it in two.
///
/// Besides not crashing, each reader must say the same of the bytes whole and cut up, and must stay inside of them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequestParser(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer gives `count` readable bytes, and none beyond the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard input.count > 2 else { return 0 }
    let bytes = Array(input[2...])
    let cut = Int(input[1]) * bytes.count / 255
    switch input[0] % 4 {
    case 0: RequestProperty.check(bytes, cut: cut)
    case 1: ChunkedBodyProperty.check(bytes, cut: cut)
    case 2: ConnectionProperty.check(bytes, cut: cut)
    default: ResponseProperty.check(bytes, cut: cut, toHeadMethod: input[0] & 0x40 != 0)
    }
    return 0
}

/// Small limits, so that inputs of libFuzzer's size reach them.
func fuzzLimits() -> HTTPLimits {
    var limits = HTTPLimits()
    limits.headBytes = 512
    limits.headerLines = 8
    limits.targetBytes = 64
    limits.chunkExtensionBytes = 16
    limits.trailerBytes = 64
    return limits
}
