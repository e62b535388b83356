/// A TLS 1.3 client that changes its keys again and again, which costs the server two derivations each time.
enum KeyUpdateFlood {
    /// Sends so many KeyUpdate messages, a record each, on a connection of its own. Blocks; the connection checks no
    /// certificate.
    ///
    /// - Returns: how many went before the server ended the connection.
    static func send(_ count: Int, to port: UInt16) throws -> Int {
        let wire = try TLSWire(port: port)
        for sent in 0..<count where !wire.updateKey() { return sent }
        return count
    }
}
