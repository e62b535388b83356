/// What comes out of a stream, up to a limit: memory grows with what is written, and never beyond the limit and one repetition.
package struct InflatedBytes {
    /// Nothing that matters from `count` on.
    private var storage: [UInt8]
    var count = 0
    private let limit: Int

    /// What one code can write.
    private static let reserve = DeflateAlphabet.longestMatch

    /// - Parameters:
    ///   - limit: how many bytes may be written.
    ///   - expected: for how many there is room at once.
    package init(limit: Int, expected: Int) {
        self.limit = limit
        storage = [UInt8](repeating: 0, count: min(limit, max(1024, expected)) + Self.reserve)
    }

    /// Makes room for what one more code can write.
    mutating func makeRoom() throws(GzipError) {
        guard count <= limit else { throw .overLimit }
        guard storage.count - count < Self.reserve else { return }
        grow(toHold: count + Self.reserve)
    }

    mutating func append(_ bytes: Span<UInt8>) throws(GzipError) {
        guard bytes.count <= limit - count else { throw .overLimit }
        if storage.count - count < bytes.count { grow(toHold: count + bytes.count) }
        let start = count
        var room = room
        for index in bytes.indices { room[start &+ index] = bytes[index] }
        count += bytes.count
    }

    private mutating func grow(toHold needed: Int) {
        let size = max(needed, min(2 * storage.count, limit + Self.reserve))
        // An array that grows by itself takes twice what it needs.
        storage.reserveCapacity(size)
        storage.append(contentsOf: repeatElement(0, count: size - storage.count))
    }

    /// All of the memory: what is written, and what is free. Whoever writes more raises `count`.
    var room: MutableSpan<UInt8> {
        @_lifetime(&self)
        mutating get { storage.mutableSpan }
    }

    /// What is written, from an offset on.
    @_lifetime(borrow self)
    func written(from start: Int) -> Span<UInt8> { storage.span.extracting(start..<count) }

    /// - Returns: the bytes, once nothing more comes.
    /// - Throws: `overLimit` where the last repetition went over it.
    package consuming func finish() throws(GzipError) -> [UInt8] {
        guard count <= limit else { throw .overLimit }
        storage.removeLast(storage.count - count)
        return storage
    }
}
