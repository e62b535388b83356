/// The hash of a text that comes in pieces. It belongs to one thread at a time.
package struct HashComputation: ~Copyable {
    private var state: HashState

    package init(_ algorithm: HashAlgorithm) { state = HashState(algorithm) }

    /// Adds the next piece.
    package mutating func update(_ bytes: Span<UInt8>) { state.update(bytes) }

    /// Ends the text.
    package consuming func finish() -> Digest { state.finish() }
}
