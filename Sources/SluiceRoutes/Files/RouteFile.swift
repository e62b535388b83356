package import SluiceBase
internal import SluiceCrypto

/// One route file as it was read.
package struct RouteFile: Sendable, Hashable {
    /// For messages: the folder as the user wrote it, and the file's name.
    package let name: String
    package let bytes: [UInt8]
    /// Changes exactly when the bytes do.
    package let contentHash: Fingerprint

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        let digest = Hash.digest(.sha256, bytes.span)
        contentHash = Fingerprint(digest.span)
    }
}
