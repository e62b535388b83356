internal import Glibc
import SluiceNet

/// How many files this process, and every process that it starts from then on, may have open.
enum OpenFiles {
    /// Raises the limit to what the system allows.
    ///
    /// - Returns: the limit.
    @discardableResult
    static func raiseLimit() throws -> Int {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(files, &limit) == 0 else { throw SystemCallError("getrlimit", code: errno) }
        limit.rlim_cur = limit.rlim_max
        guard unsafe setrlimit(files, &limit) == 0 else { throw SystemCallError("setrlimit", code: errno) }
        return Int(clamping: limit.rlim_cur)
    }
}
