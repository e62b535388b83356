internal import SluiceJSON

/// Memory that a loop thread uses again for each delivery. One per thread.
package struct RouteScratch {
    var findings = JSONFindings()

    package init() {}
}
