internal import FuzzSupport

/// The package manager renames the entry point of every executable to `<module>_main` and links `main` to it; this is
/// that symbol.
@_cdecl("VerifierFuzz_main")
public func runVerifierFuzz(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    unsafe runFuzzer(count, arguments, fuzzVerifier)
}
