package import SluiceBase
internal import SluiceJSON

/// Memory that a thread uses again for each delivery, and how much work it may do for one. One per thread.
package struct RouteScratch {
    var findings = JSONFindings()
    /// What was taken from the budget for the delivery, besides its body.
    package var charge = MemoryCharge.uncounted
    /// How many bytes gzip may become on this thread, where that is less than the route's limit: an event loop has
    /// others to serve.
    package let mostInflatedBytes: Int?
    /// Whether the last outcome is no outcome, because gzip became more than that.
    package internal(set) var isTooLargeForThread = false

    /// - Parameter mostInflatedBytes: nil for as many as the route takes.
    package init(mostInflatedBytes: Int? = nil) { self.mostInflatedBytes = mostInflatedBytes }

    /// Lets go of what only a rare body needs.
    mutating func trim() {
        if findings.loneSurrogates.capacity > Self.keptOffsets { findings = JSONFindings() }
    }

    private static let keptOffsets = 8192
}
