/// Why bytes are not acceptable JSON, and where. It never repeats the bytes themselves.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    package let reason: JSONErrorReason
    /// The byte at which reading stopped, counted from 0; the number of bytes where the text ended too early.
    package let offset: Int

    package init(_ reason: JSONErrorReason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// The reason and the offset, for a log line or a dead letter.
    package var description: String { "\(reason) at byte \(offset)" }

    /// Where `offset` lies in the text that was read.
    ///
    /// - Parameter bytes: the bytes that were read when the error was thrown.
    package func position(in bytes: Span<UInt8>) -> JSONPosition {
        var position = JSONPosition(line: 1, column: 1)
        for index in 0..<min(offset, bytes.count) {
            if bytes[index] == Byte.lineFeed {
                position = JSONPosition(line: position.line + 1, column: 1)
            } else {
                position.column += 1
            }
        }
        return position
    }
}
