/// libFuzzer's own entry point, which takes the place of its `main`.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ oneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The package manager renames the entry point of every executable to `<module>_main` and links `main` to it; this is
/// that symbol.
@_cdecl("JSONScannerFuzz_main")
public func runJSONScannerFuzz(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt
{
    var count = count
    var arguments = unsafe arguments
    // libFuzzer reads its options from both, as C's `main` gets them, and returns when it is done.
    return unsafe runFuzzer(&count, &arguments, fuzzJSONScanner)
}
