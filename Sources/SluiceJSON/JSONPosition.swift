/// A place in a text for a person: both count from 1, the column in bytes.
package struct JSONPosition: Sendable, Hashable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}
