internal import SluiceBase

/// The header names that SluiceHTTP itself reads or writes.
enum FieldName {
    static let connection: HeaderName = "connection"
    static let contentLength: HeaderName = "content-length"
    static let expect: HeaderName = "expect"
    static let host: HeaderName = "host"
    static let transferEncoding: HeaderName = "transfer-encoding"
}
