/// Why a body is not undone from gzip. The descriptions hold nothing of the body.
package enum GzipError: Error, Sendable, Hashable {
    /// It becomes larger than its reader takes.
    case overLimit
    /// It does not begin with a gzip header of the one method that there is.
    case notGzip
    /// A header with reserved flags, or one that its own checksum does not fit.
    case brokenHeader
    /// The bytes end before the stream does.
    case cutOff
    /// A block of no type, or one whose length or table of codes makes no sense.
    case brokenBlock
    /// Blocks that hold nothing, or tables for next to nothing, beyond what any compressor makes: they cost time and bring no bytes.
    case idleBlocks
    /// A code that stands for nothing.
    case brokenCode
    /// A repetition of what lies before the beginning.
    case brokenDistance
    /// What came out is not what went in.
    case checksumMismatch
    /// Something else than another gzip stream stands behind a gzip stream.
    case bytesBehind
}

extension GzipError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .overLimit: "a body over the limit after gzip"
        case .notGzip: "the body is not gzip, which its content encoding says it is"
        case .brokenHeader: "the header of the gzip body is broken"
        case .cutOff: "the gzip body ends before its end"
        case .brokenBlock: "the gzip body has a broken block"
        case .idleBlocks: "the gzip body has too many blocks with little or nothing in them"
        case .brokenCode: "the gzip body has a code that means nothing"
        case .brokenDistance: "the gzip body repeats what lies before its beginning"
        case .checksumMismatch: "the gzip body does not fit its checksum"
        case .bytesBehind: "the gzip body has something else behind its end"
        }
    }
}
