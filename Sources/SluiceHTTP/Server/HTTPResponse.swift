/// One answer, before it is bytes.
package struct HTTPResponse: Sendable {
    /// 200–599.
    package var status: Int
    /// What the answer says besides its length, its date and the connection's fate, which the writer adds. UTF-8; bytes that a header
    /// line cannot hold are dropped.
    package var headers: [(name: String, value: String)]
    /// Not written in an answer to HEAD, nor with 204 and 304.
    package var body: [UInt8]

    /// - Parameter status: 200–599.
    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
