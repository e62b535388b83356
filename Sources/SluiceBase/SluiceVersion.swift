/// The version of this program (`sluice --version`), after Semantic Versioning.
package enum SluiceVersion {
    package static let current = "0.1.0"
}
