package import SluiceBase

/// What all listeners of one server share.
package struct HTTPServerConfiguration: Sendable {
    /// What one connection may take.
    package var limits = HTTPLimits()
    /// Open connections of all listeners together. At the cap one that had no request accepted is closed for a new one, of the address with
    /// most of these; where there is none, the longest idle one.
    package var maximumConnections = 10_000
    /// Open connections of one address, an IPv6 network with a prefix of 64 bits counting as one; 0 is no limit.
    package var maximumConnectionsPerAddress = 0
    /// Addresses to which that limit does not apply: proxies, behind which are many.
    package var unlimitedAddresses: [AddressBlock] = []
    /// TLS handshakes under way, each of which takes some 50 KiB. Over it the oldest of the address with most of them is given up.
    package var maximumHandshakes = 1024
    /// The memory that bodies and unsent answers may take.
    package var memory: MemoryBudget

    package init(memory: MemoryBudget) { self.memory = memory }
}
