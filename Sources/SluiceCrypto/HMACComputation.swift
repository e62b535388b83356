/// The authentication code of a message that comes in pieces, such as a time stamp, a dot and a body. It belongs to one thread at a time.
package struct HMACComputation: ~Copyable {
    private let key: HMACKey
    private var state: HashState

    package init(_ key: HMACKey) {
        self.key = key
        state = HashState(copying: key.inner.state)
    }

    /// Adds the next piece of the message.
    package mutating func update(_ bytes: Span<UInt8>) { state.update(bytes) }

    /// Ends the message.
    package consuming func finish() -> Digest {
        let digest = state.finish()
        var outer = HashState(copying: key.outer.state)
        outer.update(digest.span)
        return outer.finish()
    }
}
