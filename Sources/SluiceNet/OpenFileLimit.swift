internal import Glibc

/// How many files, sockets among them, this process may have open (man 2 getrlimit, RLIMIT_NOFILE).
package enum OpenFileLimit {
    /// Raises the limit as far as the system lets this process.
    ///
    /// - Returns: the limit from now on; nil where the system does not say.
    package static func raise() -> Int? {
        var limit = rlimit()
        // Reads and writes the structure given, no more.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        let isRaised = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0
        return Int(clamping: isRaised ? raised.rlim_cur : limit.rlim_cur)
    }
}
