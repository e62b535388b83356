package import SluiceBase

/// Whether and where a listener listens.
package enum ListenerSetting: Sendable, Hashable {
    case off
    /// A numeric address and a port; port 0 lets the system choose one.
    case at(PeerAddress)

    /// Reads `ADDRESS:PORT`, `[ADDRESS]:PORT` or `off`; `nil` for anything else, host names included, because what they
    /// mean can change between two starts.
    package init?(parsing text: String) {
        if text == "off" {
            self = .off
        } else if let address = PeerAddress(parsing: text) {
            self = .at(address)
        } else {
            return nil
        }
    }

    /// Where it listens; `nil` when it is off.
    package var address: PeerAddress? {
        switch self {
        case .off: nil
        case .at(let address): address
        }
    }
}

extension ListenerSetting: CustomStringConvertible {
    package var description: String { address?.hostAndPort ?? "off" }
}
