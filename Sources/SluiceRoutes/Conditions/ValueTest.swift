/// What a condition asks of a value.
enum ValueTest: Sendable, Equatable {
    /// There and not null, or else the contrary.
    case exists(Bool)
    /// Equal to any of them.
    case equals([ExpectedValue])
    /// Equal to none of them.
    case differs([ExpectedValue])
    /// A text that begins with any of them.
    case prefix([[UInt8]])
    /// A text that ends in any of them.
    case suffix([[UInt8]])
    /// A text with any of them inside, or an array with an element that is equal to any of them.
    ///
    /// With each value the search that finds its source in a text.
    case contains([ExpectedValue], [ByteSearch])
    /// A text that any of the patterns describes.
    case like([Glob])
    /// A number above this one.
    case greater(JSONNumber, written: String)
    /// A number below this one.
    case less(JSONNumber, written: String)
}
