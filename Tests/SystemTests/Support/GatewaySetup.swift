/// What a gateway under test begins with.
struct GatewaySetup {
    /// Settings by their key (`limits.head`), in place of the defaults of `GatewayUnderTest`.
    var settings: [String: String] = [:]
    /// Route files by name; those of the project where nil.
    var routes: [String: String]?
    /// More variables, or others than the secrets of the project's routes.
    var environment: [String: String] = [:]
    /// Where the queue is; a place where nobody listens where nil.
    var queue: String?
    /// A folder with the files of an earlier gateway.
    var folder: TemporaryFolder?
    /// A program that starts the gateway, with its arguments before the gateway's own: `strace`, for one.
    var wrapper: [String] = []
    /// How many of `GatewaySlots` it takes.
    var slots = 1
}
