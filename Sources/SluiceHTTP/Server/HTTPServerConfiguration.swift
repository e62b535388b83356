package import SluiceBase

/// What all listeners of one server share.
package struct HTTPServerConfiguration: Sendable {
    /// What one connection may take.
    package var limits = HTTPLimits()
    /// Open connections of all listeners together; at the cap the longest idle one is closed for a new one.
    package var maximumConnections = 10_000
    /// Open connections of one address; 0 is no limit.
    package var maximumConnectionsPerAddress = 0
    /// Addresses to which that limit does not apply: proxies, behind which are many.
    package var unlimitedAddresses: [AddressBlock] = []
    /// The memory that bodies and unsent answers may take.
    package var memory: MemoryBudget

    package init(memory: MemoryBudget) { self.memory = memory }
}
