/// A hash that has read a block and is only copied from then on.
final class SharedHashState: @unchecked Sendable {
    // `@unchecked` because of the pointer inside: the state is not changed after `init`, and OpenSSL copies it without writing to it.
    let state: HashState

    init(_ algorithm: HashAlgorithm, after block: Span<UInt8>) {
        var state = HashState(algorithm)
        state.update(block)
        self.state = state
    }
}
