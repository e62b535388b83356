/// Why a body cannot be read as what it should be.
struct BodyFault: Error {
    /// A phrase without anything of the request.
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
