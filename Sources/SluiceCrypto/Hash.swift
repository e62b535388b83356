/// Hashing bytes. Callable from any thread.
package enum Hash {
    /// The digest of a text that lies in one piece.
    package static func digest(_ algorithm: HashAlgorithm, _ bytes: Span<UInt8>) -> Digest {
        var state = HashState(algorithm)
        state.update(bytes)
        return state.finish()
    }
}
